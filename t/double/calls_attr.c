/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attributes: those of the file's own inode, whatever the descriptor is of. */
#include "binding.h"
#include "calls_text.h"
#include "lovfs.h"
#include "lustre.h"
#include "seen.h"
#include "table.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

/* A descriptor of the file's own inode, for what takes one. */
static int own_fd(int fd)
{
	struct open_file *f = fd >= 0 && double_mount()->active ? table_get(fd) : NULL;
	int own = f && f->replaced ? f->path_fd : fd;

	(void)double_mount();
	table_put(f);
	return own;
}

/* To be called before real is looked at: it may be the first call. */
static const char *fix_path(const char *path, char buf[4096])
{
	(void)double_mount();
	return table_fix_path(calls_text_redirect(path, buf, 4096), buf);
}

/* ---- stat ---- */

/* 2.17: times are whole seconds, on the servers' disks too. */
static int as_lustre(struct stat *st, int result)
{
	if (result || !double_mount()->active || st->st_dev != double_mount()->dev)
		return result;
	st->st_atim.tv_nsec = st->st_mtim.tv_nsec = st->st_ctim.tv_nsec = 0;
	if (S_ISREG(st->st_mode))
		seen_note(st->st_ino);
	return result;
}

/* Of the file also where the descriptor is bound to a mirror (2.17): the kernel asks by name. */
static int stat_fd(int fd, struct stat *st)
{
	return as_lustre(st, real.fstatat(own_fd(fd), "", st, AT_EMPTY_PATH));
}

static int stat_any(int dirfd, const char *path, struct stat *st, int flags)
{
	char buf[4096];

	if (!*path && (flags & AT_EMPTY_PATH) && dirfd >= 0)
		return stat_fd(dirfd, st);
	return as_lustre(st, real.fstatat(dirfd,
					  flags & AT_SYMLINK_NOFOLLOW ? path : fix_path(path, buf),
					  st, flags));
}

/* struct stat and struct stat64 are one on machines with 64 bits. */
_Static_assert(sizeof(struct stat) == sizeof(struct stat64), "one struct stat");

EXPORT int fstatat(int dirfd, const char *path, struct stat *st, int flags)
{
	(void)double_mount();
	return stat_any(dirfd, path, st, flags);
}

EXPORT int fstatat64(int dirfd, const char *path, struct stat64 *st, int flags)
{
	(void)double_mount();
	return stat_any(dirfd, path, (struct stat *)st, flags);
}

EXPORT int fstat(int fd, struct stat *st)
{
	(void)double_mount();
	return stat_fd(fd, st);
}

EXPORT int fstat64(int fd, struct stat64 *st)
{
	(void)double_mount();
	return stat_fd(fd, (struct stat *)st);
}

EXPORT int stat(const char *path, struct stat *st)
{
	(void)double_mount();
	return stat_any(AT_FDCWD, path, st, 0);
}

EXPORT int stat64(const char *path, struct stat64 *st)
{
	(void)double_mount();
	return stat_any(AT_FDCWD, path, (struct stat *)st, 0);
}

static int statx_as_lustre(struct statx *st, int result)
{
	if (result || !double_mount()->active ||
	    makedev(st->stx_dev_major, st->stx_dev_minor) != double_mount()->dev)
		return result;
	st->stx_atime.tv_nsec = st->stx_mtime.tv_nsec = 0;
	st->stx_ctime.tv_nsec = 0;
	/* The client shows it from 2.13 on; lovfs doesn't. */
	st->stx_btime = (struct statx_timestamp){ .tv_sec = double_mount()->born_s };
	st->stx_mask |= STATX_BTIME;
	if (S_ISREG(st->stx_mode) && st->stx_mask & STATX_SIZE)
		seen_note(st->stx_ino);
	return result;
}

EXPORT int statx(int dirfd, const char *path, int flags, unsigned int mask, struct statx *st)
{
	char buf[4096];

	(void)double_mount();
	if (*path)
		return statx_as_lustre(st, real.statx(dirfd, fix_path(path, buf), flags, mask, st));
	return statx_as_lustre(st, real.statx(own_fd(dirfd), path, flags, mask, st));
}

/* ---- statfs ---- */

_Static_assert(sizeof(struct statfs) == sizeof(struct statfs64), "one struct statfs");

static int statfs_fd(int fd, struct statfs *st)
{
	struct identity id;
	int err;

	(void)double_mount();
	err = real.fstatfs(fd, st);
	if (!err && double_is_ours(fd, &id))
		st->f_type = LUSTRE_SUPER_MAGIC;
	return err;
}

static int statfs_path(const char *path, struct statfs *st)
{
	struct stat file;
	char buf[4096];
	int err;

	path = fix_path(path, buf);
	err = real.statfs(path, st);
	if (!err && double_mount()->active && real.fstatat(AT_FDCWD, path, &file, 0) == 0 &&
	    file.st_dev == double_mount()->dev)
		st->f_type = LUSTRE_SUPER_MAGIC;
	return err;
}

EXPORT int fstatfs(int fd, struct statfs *st)
{
	return statfs_fd(fd, st);
}

EXPORT int fstatfs64(int fd, struct statfs64 *st)
{
	return statfs_fd(fd, (struct statfs *)st);
}

EXPORT int statfs(const char *path, struct statfs *st)
{
	return statfs_path(path, st);
}

EXPORT int statfs64(const char *path, struct statfs64 *st)
{
	return statfs_path(path, (struct statfs *)st);
}

/* ---- modes, owners, times, links ---- */

EXPORT int chmod(const char *path, mode_t mode)
{
	char buf[4096];

	path = fix_path(path, buf);
	return real.chmod(path, mode);
}

EXPORT int fchmod(int fd, mode_t mode)
{
	char path[PROC_PATH_MAX];
	int own = own_fd(fd);

	return own == fd ? real.fchmod(fd, mode) : real.chmod(double_proc_path(own, path), mode);
}

EXPORT int fchownat(int dirfd, const char *path, uid_t uid, gid_t gid, int flags)
{
	if (!*path)
		dirfd = own_fd(dirfd);
	(void)double_mount();
	return real.fchownat(dirfd, path, uid, gid, flags);
}

/* 2.17: what is below a second is dropped. UTIME_NOW and UTIME_OMIT are no such. */
static const struct timespec *whole_seconds(const struct timespec times[2], struct timespec buf[2])
{
	if (!times)
		return NULL;
	for (int i = 0; i < 2; i++) {
		buf[i] = times[i];
		if (times[i].tv_nsec >= 0 && times[i].tv_nsec < 1000000000)
			buf[i].tv_nsec = 0;
	}
	return buf;
}

static bool is_ours_at(int dirfd, const char *path, int flags)
{
	struct stat st;

	return double_mount()->active && real.fstatat(dirfd, path, &st, flags) == 0 &&
	       st.st_dev == double_mount()->dev;
}

EXPORT int utimensat(int dirfd, const char *path, const struct timespec times[2], int flags)
{
	struct timespec whole[2];
	char buf[4096];

	path = fix_path(path, buf);
	/* Without a path it's futimens(2). */
	if (path && is_ours_at(dirfd, path, flags & AT_SYMLINK_NOFOLLOW))
		times = whole_seconds(times, whole);
	return real.utimensat(dirfd, path, times, flags);
}

EXPORT int futimens(int fd, const struct timespec times[2])
{
	char path[PROC_PATH_MAX];
	struct timespec whole[2];
	struct identity id;
	int own = own_fd(fd);

	if (double_is_ours(fd, &id))
		times = whole_seconds(times, whole);
	return own == fd ? real.futimens(fd, times)
			 : real.utimensat(AT_FDCWD, double_proc_path(own, path), times, 0);
}

EXPORT ssize_t readlinkat(int dirfd, const char *path, char *buf, size_t size)
{
	char other[4096];

	path = fix_path(path, other);
	return real.readlinkat(dirfd, path, buf, size);
}

EXPORT ssize_t readlink(const char *path, char *buf, size_t size)
{
	char other[4096];

	path = fix_path(path, other);
	return real.readlinkat(AT_FDCWD, path, buf, size);
}

/* ---- handles: the FID ---- */

static int open_for_fid(int dirfd, const char *path)
{
	char link[PROC_PATH_MAX], buf[4096];

	if (!*path)
		return real.openat(AT_FDCWD, double_proc_path(own_fd(dirfd), link),
				   O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return real.openat(dirfd, fix_path(path, buf), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

static int get_handle(int fd, struct file_handle *handle)
{
	struct lustre_handle h = { 0 };
	struct lovfs_ioc_fid fid;
	unsigned int room = handle->handle_bytes;
	int err = lovfs_fid(fd, &fid);

	if (err)
		return err;
	handle->handle_bytes = sizeof(h);
	if (room < sizeof(h))
		return -EOVERFLOW;
	h.fid = (struct lustre_fid){ fid.seq, fid.oid, fid.ver };
	handle->handle_type = LUSTRE_HANDLE_TYPE;
	memcpy(handle->f_handle, &h, sizeof(h));
	return 0;
}

EXPORT int name_to_handle_at(int dirfd, const char *path, struct file_handle *handle, int *mount_id,
			     int flags)
{
	struct statx mnt = { 0 };
	struct identity id;
	int err, fd = double_mount()->active ? open_for_fid(dirfd, path) : -1;

	if (fd < 0 || !double_is_ours(fd, &id)) {
		if (fd >= 0)
			real.close(fd);
		return real.name_to_handle_at(dirfd, path, handle, mount_id, flags);
	}
	if (real.statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &mnt) == 0)
		*mount_id = (int)mnt.stx_mnt_id;
	err = get_handle(fd, handle);
	real.close(fd);
	return (int)double_answer(err);
}
