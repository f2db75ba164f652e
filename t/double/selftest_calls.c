/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lustre's ioctls, files with a pattern, and other processes: what selftest.h says. */
#include "selftest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void selftest_failed(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s (%s)\n", file, line, what, strerror(errno));
	exit(1);
}

/* ---- ioctls ---- */

int st_group_lock(int fd, unsigned long gid)
{
	return ioctl(fd, LUSTRE_GROUP_LOCK, gid);
}

int st_group_unlock(int fd, unsigned long gid)
{
	return ioctl(fd, LUSTRE_GROUP_UNLOCK, gid);
}

int st_data_version(int fd, uint32_t flags, uint64_t *ret_version)
{
	struct lustre_data_version v = { .flags = flags };
	int r = ioctl(fd, LUSTRE_DATA_VERSION, &v);

	*ret_version = v.version;
	return r;
}

int st_swap(int fd, int victim, uint64_t flags, uint64_t dv1)
{
	struct lustre_swap swap = { .flags = flags, .fd = (uint32_t)victim, .dv1 = dv1 };

	return ioctl(fd, LUSTRE_SWAP_LAYOUTS, &swap);
}

int st_lease(int fd, uint32_t mode, uint32_t flags, uint32_t count, uint32_t a, uint32_t b)
{
	uint32_t lease[] = { mode, flags, count, a, b };

	return ioctl(fd, LUSTRE_SET_LEASE, lease);
}

int st_lease_held(int fd)
{
	return ioctl(fd, LUSTRE_GET_LEASE);
}

int st_bind(int fd, unsigned long mirror_id)
{
	return ioctl(fd, LUSTRE_FLR_SET_MIRROR, mirror_id);
}

/* ---- files ---- */

char *st_buffer(size_t len)
{
	void *p = aligned_alloc(PAGE, (len + PAGE - 1) / PAGE * PAGE);

	CHECK(p);
	return p;
}

int st_open(const char *path, int flags)
{
	int fd = open(path, flags);

	CHECK(fd >= 0);
	return fd;
}

int st_victim(int delayed)
{
	static int n;
	char name[64];
	int fd;

	snprintf(name, sizeof(name), ".\x0c\x13\x14\x12:VOLATILE:0000:%08x:fd=00", ++n);
	fd = open(name, DIRECT_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | delayed, 0600);
	CHECK(fd >= 0);
	return fd;
}

static void fill(char *buf, size_t len, int seed)
{
	for (size_t i = 0; i < len; i++)
		buf[i] = (char)((i * 7 + i / PAGE) ^ (size_t)seed);
}

void st_write_pattern(int fd, size_t len, int seed)
{
	size_t padded = (len + PAGE - 1) / PAGE * PAGE;
	char *buf = st_buffer(padded);

	fill(buf, padded, seed);
	CHECK(pwrite(fd, buf, padded, 0) == (ssize_t)padded);
	CHECK(padded == len || ftruncate(fd, (off_t)len) == 0);
	free(buf);
}

bool st_has_pattern(int fd, size_t len, int seed)
{
	size_t room = (len + 2 * PAGE - 1) / PAGE * PAGE;
	char *got = st_buffer(room), *want = st_buffer(room);
	bool same;

	fill(want, len, seed);
	same = pread(fd, got, room, 0) == (ssize_t)len && memcmp(got, want, len) == 0;
	free(got);
	free(want);
	return same;
}

/* ---- others ---- */

pid_t st_start(void (*fn)(const char *path), const char *path)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid)
		return pid;
	/* Without the parent's descriptors, which have its locks. */
	close_range(3, ~0u, 0);
	fn(path);
	exit(0);
}

int st_wait(pid_t pid)
{
	int status;

	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int st_other(void (*fn)(const char *path), const char *path)
{
	return st_wait(st_start(fn, path));
}

bool st_is_running(pid_t pid)
{
	const struct timespec nap = { .tv_nsec = 300000000 };

	nanosleep(&nap, NULL);
	return waitpid(pid, NULL, WNOHANG) == 0;
}

void st_open_for_writing(const char *path)
{
	close(st_open(path, O_WRONLY));
}

void st_write_byte(const char *path)
{
	int fd = st_open(path, O_WRONLY);

	CHECK(pwrite(fd, "x", 1, 0) == 1);
	CHECK(close(fd) == 0);
}
