/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cases of files without mirrors: what the mount looks like, direct I/O, locks, leases, migrate. */
#include "selftest.h"

#include "lovfs_ioctl.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

/* ---- looks FILE MOUNTPOINT FSNAME ---- */

static void check_mountinfo(const char *point, const char *fsname)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[8192], at[4200], tail[64];
	bool found = false;

	CHECK(f);
	snprintf(at, sizeof(at), " %s ", point);
	snprintf(tail, sizeof(tail), " - lustre 10.0.0.1@tcp:/%s ", fsname);
	while (fgets(line, sizeof(line), f)) {
		if (strstr(line, at))
			found |= strstr(line, tail) != NULL;
	}
	fclose(f);
	CHECK(found);
}

static void check_fid(const char *path, int fd)
{
	union {
		struct file_handle h;
		char room[sizeof(struct file_handle) + sizeof(struct lustre_handle)];
	} u = { 0 };
	struct lustre_handle handle;
	struct lustre_fid fid;
	int mount_id;

	FAILS(name_to_handle_at(AT_FDCWD, path, &u.h, &mount_id, 0), EOVERFLOW);
	CHECK(u.h.handle_bytes == sizeof(handle));
	CHECK(name_to_handle_at(fd, "", &u.h, &mount_id, AT_EMPTY_PATH) == 0);
	CHECK(u.h.handle_type == LUSTRE_HANDLE_TYPE);
	memcpy(&handle, u.h.f_handle, sizeof(handle));
	CHECK(handle.fid.seq && !handle.parent.seq);
	CHECK(ioctl(fd, LUSTRE_PATH2FID, &fid) == 0);
	CHECK(memcmp(&fid, &handle.fid, sizeof(fid)) == 0);
}

void case_looks(char **args)
{
	int fd = st_open(args[0], O_RDONLY), dir = st_open(args[1], O_RDONLY | O_DIRECTORY);
	int32_t index = -1;
	char info[512];
	struct statfs st;
	unsigned char layout[65536];

	CHECK(fstatfs(fd, &st) == 0 && st.f_type == LUSTRE_SUPER_MAGIC);
	CHECK(statfs(args[1], &st) == 0 && st.f_type == LUSTRE_SUPER_MAGIC);
	CHECK(statfs("/proc", &st) == 0 && st.f_type != LUSTRE_SUPER_MAGIC);
	check_mountinfo(args[1], args[2]);
	CHECK(ioctl(dir, LUSTRE_GET_MDTIDX, &index) == 0 && index == 0);
	FAILS(ioctl(fd, 0x6601, info), ENOTTY);
	FAILS(ioctl(dir, LOVFS_IOC_INFO, info), ENOTTY);
	check_fid(args[0], fd);
	CHECK(fgetxattr(fd, "lustre.lov", layout, sizeof(layout)) >= 32);
	CHECK(layout[30] == 0xff && layout[31] == 0xff);
	FAILS(openat(dir, ".lovfs/mirror", O_RDONLY), ENOENT);
}

/* ---- parameters NAME: an entry below /sys/fs/lustre, NULL: there are none ---- */

void case_parameters(char **args)
{
	DIR *dir = opendir("/sys/fs/lustre");
	bool found = false;
	glob_t names;

	CHECK(!dir == !args[0]);
	FAILS(open("/proc/fs/lustre/none", O_RDONLY), ENOENT);
	if (!dir)
		return;
	for (struct dirent *e; (e = readdir(dir));)
		found |= strcmp(e->d_name, args[0]) == 0;
	closedir(dir);
	CHECK(found);
	CHECK(glob("/sys/fs/lustre/*", 0, NULL, &names) == 0 && names.gl_pathc == 1);
	CHECK(strcmp(names.gl_pathv[0] + strlen("/sys/fs/lustre/"), args[0]) == 0);
	globfree(&names);
}

/* ---- direct FILE: of 10000 bytes of the pattern; it's written anew ---- */

void case_direct(char **args)
{
	int fd = st_open(args[0], DIRECT_RDWR);
	char *buf = st_buffer(4 * PAGE), link[64], target[4096] = "";
	struct stat by_path, by_fd;

	CHECK(stat(args[0], &by_path) == 0 && fstat(fd, &by_fd) == 0);
	CHECK(by_path.st_ino == by_fd.st_ino && by_path.st_size == by_fd.st_size);
	CHECK(fstatat(fd, "", &by_fd, AT_EMPTY_PATH) == 0 && by_path.st_ino == by_fd.st_ino);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	CHECK(stat(link, &by_fd) == 0 && by_path.st_ino == by_fd.st_ino);
	CHECK(readlink(link, target, sizeof(target) - 1) > 0 && !strstr(target, ".lovfs"));
	CHECK(fcntl(fd, F_GETFL) & O_DIRECT && fcntl(fd, F_GETFD) & FD_CLOEXEC);

	st_write_pattern(fd, 10000, 1);
	CHECK(st_has_pattern(fd, 10000, 1));
	CHECK(fstat(fd, &by_fd) == 0 && by_fd.st_size == 10000);
	FAILS(pread(fd, buf + 512, PAGE, 0), EINVAL);
	FAILS(pread(fd, buf, PAGE, 512), EINVAL);
	FAILS(pread(fd, buf, 512, 0), EINVAL);
	FAILS(pwrite(fd, buf, 512, 0), EINVAL);
	FAILS(pwrite(fd, buf, PAGE, 1), EINVAL);
	CHECK(pread(fd, buf, 4 * PAGE, 2 * PAGE) == 10000 - 2 * PAGE);
	CHECK(lseek(fd, 0, SEEK_DATA) == 0 && lseek(fd, 0, SEEK_HOLE) == 10000);
	CHECK(fchmod(fd, 0640) == 0 && futimens(fd, NULL) == 0 && fsync(fd) == 0);
	CHECK(stat(args[0], &by_path) == 0 && (by_path.st_mode & 0777) == 0640);
	free(buf);
}

/* ---- objects DIRECTORY: when they are made, and what a layout may be set on ---- */

static void check_default(int dir)
{
	unsigned char v1[32], nothing[32];
	char got[4096];

	st_make_plain(v1, 2, 0xffff);
	CHECK(ioctl(dir, LUSTRE_SETSTRIPE, v1) == 0 && st_stripes(dir) == 2);
	st_make_plain(nothing, 0, 0xffff);
	memset(nothing + 24, 0, 4);
	CHECK(ioctl(dir, LUSTRE_SETSTRIPE, nothing) == 0);
	FAILS(fgetxattr(dir, "lustre.lov", got, sizeof(got)), ENODATA);
}

/* By its name as an xattr it is refused without a word. */
static void check_kept(int fd, const unsigned char v1[32])
{
	unsigned int stripes = st_stripes(fd);

	CHECK(stripes != 2 && fsetxattr(fd, "lustre.lov", v1, 32, 0) == 0);
	CHECK(st_stripes(fd) == stripes);
}

void case_objects(char **args)
{
	const int create = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, delayed = O_NOCTTY | FASYNC;
	int dir = st_open(args[0], O_RDONLY | O_DIRECTORY), fd;
	unsigned char v1[32];

	st_make_plain(v1, 2, 0xffff);
	fd = openat(dir, "later", create | delayed, 0644);
	CHECK(fd >= 0 && fsetxattr(fd, "lustre.lov", v1, sizeof(v1), 0) == 0 &&
	      st_stripes(fd) == 2);
	fd = openat(dir, "by-ioctl", create | delayed, 0644);
	CHECK(fd >= 0 && ioctl(fd, LUSTRE_SETSTRIPE, v1) == 0 && st_stripes(fd) == 2);
	fd = openat(dir, "at-once", create | O_NOCTTY, 0644);
	CHECK(fd >= 0);
	check_kept(fd, v1);
	FAILS(ioctl(fd, LUSTRE_SETSTRIPE, v1), EEXIST);
	close(fd);
	/* Nor by another descriptor. */
	fd = openat(dir, "at-once", O_RDWR);
	check_kept(fd, v1);
	fd = st_victim(0);
	check_kept(fd, v1);
	check_default(dir);
}

/* ---- group-lock FILE ---- */

static void lock_by_another(const char *path)
{
	int fd = st_open(path, DIRECT_RDWR);

	CHECK(st_group_lock(fd, 8) == 0);
}

static volatile sig_atomic_t alarms;

static void on_alarm(int sig)
{
	(void)sig;
	alarms = 1;
}

static void lock_until_alarm(const char *path)
{
	const struct sigaction action = { .sa_handler = on_alarm };
	const struct itimerval again = { .it_value.tv_sec = 1, .it_interval.tv_usec = 200000 };
	int fd = st_open(path, DIRECT_RDWR);

	/* Again and again: the first may come before the call. */
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &again, NULL);
	CHECK(st_group_lock(fd, 8) == 0 && alarms > 0);
}

void case_group_lock(char **args)
{
	int fd = st_open(args[0], DIRECT_RDWR);
	pid_t writer, locker, interrupted;

	FAILS(st_group_lock(fd, 0), EINVAL);
	CHECK(st_group_lock(fd, 7) == 0);
	FAILS(st_group_lock(fd, 7), EINVAL);
	FAILS(st_group_unlock(fd, 8), EINVAL);
	writer = st_start(st_write_byte, args[0]);
	locker = st_start(lock_by_another, args[0]);
	interrupted = st_start(lock_until_alarm, args[0]);
	CHECK(st_is_running(writer) && st_is_running(locker));
	sleep(2);
	CHECK(st_is_running(interrupted) && st_group_unlock(fd, 7) == 0);
	CHECK(st_wait(writer) == 0 && st_wait(locker) == 0 && st_wait(interrupted) == 0);
	FAILS(st_group_unlock(fd, 7), EINVAL);
	/* Gone with the descriptor. */
	CHECK(st_group_lock(fd, 7) == 0 && close(fd) == 0);
	CHECK(st_other(lock_by_another, args[0]) == 0);
}

/* ---- lease FILE ---- */

static void read_elsewhere(const char *path)
{
	int fd = st_open(path, O_RDONLY | O_DIRECT);
	char *buf = st_buffer(PAGE);

	CHECK(pread(fd, buf, PAGE, 0) > 0);
	free(buf);
}

static void check_write_lease(const char *path, int fd)
{
	int reader = st_open(path, O_RDONLY);

	FAILS(st_lease(fd, 2, 0, 0, 0, 0), EBUSY);
	close(reader);
	CHECK(st_lease(fd, 2, 0, 0, 0, 0) == 0 && st_lease_held(fd) == 2);
	CHECK(st_lease(fd, 4, 0, 0, 0, 0) == 2);
}

void case_lease(char **args)
{
	int fd = st_open(args[0], DIRECT_RDWR), writer = st_open(args[0], O_WRONLY);

	CHECK(st_lease_held(fd) == 0);
	FAILS(st_lease(fd, 4, 0, 0, 0, 0), ENOLCK);
	FAILS(st_lease(fd, 1, 0, 0, 0, 0), EBUSY);
	close(writer);
	CHECK(st_lease(fd, 1, 0, 0, 0, 0) == 0 && st_lease_held(fd) == 1);
	FAILS(st_lease(fd, 1, 0, 0, 0, 0), EBUSY);
	FAILS(st_lease(fd, 3, 0, 0, 0, 0), EINVAL);
	CHECK(st_other(read_elsewhere, args[0]) == 0 && st_lease_held(fd) == 1);
	CHECK(st_lease(fd, 4, 0, 0, 0, 0) == 1 && st_lease_held(fd) == 0);
	CHECK(st_lease(fd, 1, 0, 0, 0, 0) == 0);
	CHECK(st_other(st_open_for_writing, args[0]) == 0);
	CHECK(st_lease_held(fd) == 0 && st_lease(fd, 4, 0, 0, 0, 0) == 0);
	check_write_lease(args[0], fd);
}

/* ---- versions FILE ---- */

void case_versions(char **args)
{
	int fd = st_open(args[0], DIRECT_RDWR);
	uint64_t a, b;

	CHECK(st_data_version(fd, 0, &a) == 0 && st_data_version(fd, 1, &b) == 0 && a == b);
	CHECK(st_data_version(fd, 2, &b) == 0 && st_data_version(fd, 3, &b) == 0 && a == b);
	FAILS(st_data_version(fd, 4, &b), EINVAL);
	CHECK(st_other(st_write_byte, args[0]) == 0);
	/* What isn't at the servers doesn't count. */
	CHECK(st_data_version(fd, 0, &b) == 0 && a == b);
	CHECK(st_data_version(fd, 1, &b) == 0 && a != b);
	CHECK(st_data_version(fd, 0, &a) == 0 && a == b);
}

/* ---- migrate FILE, migrate-live FILE: of 10000 bytes of the pattern (seed 1), to two stripes ---- */

/* A victim by another descriptor, as who reads it back opens it. */
static void check_reopened(int victim)
{
	struct stat a, b;
	char link[64];
	int fd;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", victim);
	fd = st_open(link, O_RDONLY | O_DIRECT);
	CHECK(st_has_pattern(fd, 10000, 1));
	CHECK(fstat(victim, &a) == 0 && fstat(fd, &b) == 0 && a.st_ino == b.st_ino);
	close(fd);
}

static int filled_victim(void)
{
	int victim = st_victim(O_NOCTTY | FASYNC);
	unsigned char v1[32];

	st_make_plain(v1, 2, 0xffff);
	CHECK(fsetxattr(victim, "lustre.lov", v1, sizeof(v1), 0) == 0);
	st_write_pattern(victim, 10000, 1);
	CHECK(fsync(victim) == 0);
	check_reopened(victim);
	return victim;
}

void case_migrate(char **args)
{
	int fd = st_open(args[0], DIRECT_RDWR | O_NOATIME), victim;
	struct stat st;
	uint64_t version;
	pid_t writer;

	CHECK(st_stripes(fd) == 1 && st_group_lock(fd, 7) == 0);
	CHECK(st_data_version(fd, 0, &version) == 0 && st_has_pattern(fd, 10000, 1));
	writer = st_start(st_write_byte, args[0]);
	victim = filled_victim();
	FAILS(st_swap(fd, victim, 0, version), EINVAL);
	FAILS(st_swap(fd, victim, 0x11, version), EINVAL);
	FAILS(st_swap(fd, victim, 1, version + 1), EAGAIN);
	CHECK(st_is_running(writer));
	CHECK(fstat(fd, &st) == 0 && st.st_size == 10000 && fsync(fd) == 0);
	CHECK(lseek(fd, 0, SEEK_HOLE) == 10000);
	CHECK(st_swap(fd, victim, 1, version) == 0);
	CHECK(st_stripes(fd) == 2 && st_has_pattern(fd, 10000, 1));
	CHECK(st_group_unlock(fd, 7) == 0 && st_wait(writer) == 0);
	CHECK(!st_has_pattern(fd, 10000, 1));
	st_write_pattern(st_open(args[0], DIRECT_RDWR), 10000, 1);
}

void case_migrate_live(char **args)
{
	int fd = st_open(args[0], DIRECT_RDWR), victim = filled_victim();

	FAILS(st_swap(fd, victim, 0x10, 0), EBUSY);
	CHECK(st_lease(fd, 1, 0, 0, 0, 0) == 0);
	CHECK(st_other(st_open_for_writing, args[0]) == 0);
	FAILS(st_swap(fd, victim, 0x10, 0), EBUSY);
	CHECK(st_stripes(fd) == 1 && st_lease(fd, 1, 0, 0, 0, 0) == 0);
	CHECK(st_swap(fd, victim, 0x10, 0) == 0 && st_lease_held(fd) == 0);
	CHECK(st_stripes(fd) == 2 && st_has_pattern(fd, 10000, 1));
}

/* ---- copies FILE OUTSIDE: copies by the kernel ---- */

void case_copies(char **args)
{
	int direct = st_open(args[0], DIRECT_RDWR), plain = st_open(args[0], O_RDWR);
	int outside = st_open(args[1], O_RDONLY);
	int other = open("copy", O_RDWR | O_CREAT | O_TRUNC, 0644);
	off64_t from = 0, to = 0;
	char *buf = st_buffer(PAGE), zeros[PAGE] = { 0 };
	struct stat st;

	FAILS(copy_file_range(outside, NULL, plain, NULL, PAGE, 0), EXDEV);
	CHECK(copy_file_range(plain, &from, other, &to, PAGE, 0) == 0);
	CHECK(fstat(plain, &st) == 0);
	CHECK(copy_file_range(plain, &from, other, &to, PAGE, 0) == PAGE);
	CHECK(from == PAGE && pread(other, buf, PAGE, 0) == PAGE && memcmp(buf, zeros, PAGE) != 0);
	CHECK(copy_file_range(other, NULL, direct, NULL, PAGE, 0) == PAGE);
	CHECK(pread(direct, buf, PAGE, 0) == PAGE && memcmp(buf, zeros, PAGE) == 0);
	st_write_pattern(direct, PAGE, 1);
	CHECK(lseek(direct, 0, SEEK_SET) == 0 && sendfile(direct, outside, NULL, PAGE) == PAGE);
	CHECK(pread(direct, buf, PAGE, 0) == PAGE && memcmp(buf, zeros, PAGE) == 0);
	free(buf);
}

/* ---- dup FILE: locks and bindings are the open file's ---- */

void case_dup(char **args)
{
	int fd = st_open(args[0], DIRECT_RDWR), other = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	struct stat by_path, by_fd;

	CHECK(other >= 0 && st_group_lock(fd, 7) == 0);
	FAILS(st_group_lock(other, 7), EINVAL);
	CHECK(close(fd) == 0 && st_group_unlock(other, 7) == 0);
	CHECK(stat(args[0], &by_path) == 0 && fstat(other, &by_fd) == 0);
	CHECK(by_path.st_ino == by_fd.st_ino);
}

/* ---- calls FILE CALL ERRNO: a call that is to fail by a fault, and then no more ---- */

static int call(const char *name, int fd)
{
	char *buf = st_buffer(4 * PAGE), layout[4096];
	uint64_t version;

	if (strcmp(name, "pread") == 0)
		return (int)pread(fd, buf, 4 * PAGE, 0);
	if (strcmp(name, "pwrite") == 0)
		return (int)pwrite(fd, memset(buf, 'w', 4 * PAGE), 4 * PAGE, 0);
	if (strcmp(name, "ftruncate") == 0)
		return ftruncate(fd, 4 * PAGE);
	if (strcmp(name, "fsync") == 0)
		return fsync(fd);
	if (strcmp(name, "GETXATTR") == 0)
		return (int)fgetxattr(fd, "lustre.lov", layout, sizeof(layout));
	if (strcmp(name, "GET_LEASE") == 0)
		return st_lease_held(fd);
	if (strcmp(name, "SET_LEASE") == 0)
		return st_lease(fd, 1, 0, 0, 0, 0);
	if (strcmp(name, "GROUP_LOCK") == 0)
		return st_group_lock(fd, 7);
	if (strcmp(name, "DATA_VERSION") == 0)
		return st_data_version(fd, 0, &version);
	CHECK(strcmp(name, "FLR_SET_MIRROR") == 0);
	return st_bind(fd, 0);
}

/* Prints what it gives, and the next time. */
void case_calls(char **args)
{
	int fd = st_open(args[0], DIRECT_RDWR);

	for (char **name = args + 1; *name; name++) {
		int r = call(*name, fd);

		printf("%s %s\n", *name, r < 0 ? strerrorname_np(errno) : r ? "positive" : "0");
		fflush(stdout);
	}
}
