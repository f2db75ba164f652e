/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exerciser/cc_access.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "exerciser/cc_block.h"

int cc_access_open(struct cc_access *a, struct cc_run *run, const char *path, uint64_t size,
		   bool writable)
{
	int flags = (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC;

	*a = (struct cc_access){ .path = path, .size = size, .direct_fd = -1 };
	a->buf = cc_run_buffer(run, CC_ACCESS_MAX);
	a->fd = open(path, flags);
	if (!a->buf || a->fd < 0) {
		cc_access_close(a);
		return cc_run_fail_errno(run, path);
	}
	a->direct_fd = open(path, flags | O_DIRECT);
	a->map = mmap(NULL, size, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, a->fd, 0);
	if (a->map == MAP_FAILED) {
		a->map = NULL;
		cc_access_close(a);
		return cc_run_fail_errno(run, "mmap");
	}
	return 0;
}

void cc_access_close(struct cc_access *a)
{
	if (a->map)
		munmap(a->map, a->size);
	if (a->direct_fd >= 0)
		close(a->direct_fd);
	if (a->fd >= 0)
		close(a->fd);
	free(a->buf);
	*a = (struct cc_access){ .fd = -1, .direct_fd = -1 };
}

static int read_fd(struct cc_access *a, struct cc_run *run, int fd, uint64_t off, size_t ask,
		   size_t len)
{
	ssize_t n = pread(fd, a->buf, ask, (off_t)off);

	if (n < 0)
		return cc_run_fail_errno(run, "pread");
	if ((size_t)n != len)
		return cc_run_fail(run, "pread at %#llx: %zd instead of %zu bytes",
				   (unsigned long long)off, n, len);
	return 0;
}

static int read_new_map(struct cc_access *a, struct cc_run *run, uint64_t off, size_t len)
{
	void *map = mmap(NULL, len, PROT_READ, MAP_SHARED, a->fd, (off_t)off);

	if (map == MAP_FAILED)
		return cc_run_fail_errno(run, "mmap");
	memcpy(a->buf, map, len);
	munmap(map, len);
	return 0;
}

static int read_new_fd(struct cc_access *a, struct cc_run *run, uint64_t off, size_t len)
{
	int fd = open(a->path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return cc_run_fail_errno(run, a->path);
	rc = read_fd(a, run, fd, off, len, len);
	close(fd);
	return rc;
}

int cc_access_read(struct cc_access *a, struct cc_run *run, struct xrand *rnd, uint64_t off,
		   size_t len, const char **ret_how)
{
	uint64_t kind = xrand_below(rnd, 100);

	if (kind < 35 || (kind < 60 && a->direct_fd < 0)) {
		*ret_how = "pread";
		return read_fd(a, run, a->fd, off, len, len);
	}
	if (kind < 60) {
		*ret_how = "direct pread";
		return read_fd(a, run, a->direct_fd, off,
			       (len + CC_BLOCK - 1) / CC_BLOCK * CC_BLOCK, len);
	}
	if (kind < 80) {
		*ret_how = "mapping";
		memcpy(a->buf, a->map + off, len);
		return 0;
	}
	if (kind < 90) {
		*ret_how = "new mapping";
		return read_new_map(a, run, off, len);
	}
	*ret_how = "pread after open";
	return read_new_fd(a, run, off, len);
}

int cc_access_write(struct cc_access *a, struct cc_run *run, enum cc_how how, uint64_t off,
		    size_t len)
{
	int fd = how == CC_HOW_DIRECT && a->direct_fd >= 0 ? a->direct_fd : a->fd;
	ssize_t n;

	if (how == CC_HOW_MMAP) {
		memcpy(a->map + off, a->buf, len);
		return 0;
	}
	n = pwrite(fd, a->buf, len, (off_t)off);
	if (n < 0)
		return cc_run_fail_errno(run, "pwrite");
	if ((size_t)n != len)
		return cc_run_fail(run, "pwrite: %zd instead of %zu bytes", n, len);
	return 0;
}
