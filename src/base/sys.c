/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

static sys_hook_fn *seam;
static void *seam_cookie;

void sys_set_hook(sys_hook_fn *hook, void *cookie)
{
	seam = hook;
	seam_cookie = cookie;
}

static sys_recorder_fn *seam_recorder;
static void *seam_recorder_cookie;

void sys_set_recorder(sys_recorder_fn *recorder, void *cookie)
{
	seam_recorder = recorder;
	seam_recorder_cookie = cookie;
}

void sys_record(const struct sys_data_call *call)
{
	if (__builtin_expect(seam_recorder != NULL, 0))
		seam_recorder(call, seam_recorder_cookie);
}

static void record(const char *name, uint64_t src_offset, uint64_t dst_offset, uint64_t len_bytes)
{
	sys_record(&(struct sys_data_call){ name, src_offset, dst_offset, len_bytes, 0 });
}

/* 0, SYS_HOOK_SHORT, SYS_HOOK_ZERO or a negative errno: what the test wants of this call. */
static int ask_seam(const char *call, size_t len_bytes)
{
	return __builtin_expect(seam != NULL, 0) ? seam(call, len_bytes, seam_cookie) : 0;
}

/* Evaluates a call that gives -1 and errno, until it isn't interrupted, to its value or -errno. */
#define RETRY(expr)                                                                                \
	({                                                                                         \
		__typeof__(expr) r_;                                                               \
		do                                                                                 \
			r_ = (expr);                                                               \
		while (r_ == -1 && errno == EINTR);                                                \
		r_ == -1 ? -errno : r_;                                                            \
	})

#define SEAM(call)                                                                                 \
	do {                                                                                       \
		int e_ = ask_seam(call, 0);                                                        \
		if (e_ < 0)                                                                        \
			return e_;                                                                 \
	} while (0)

/* As SEAM, and halves or zeroes *len when the test wants a short transfer or none. */
static int seam_transfer(const char *call, size_t *len_bytes)
{
	int e = ask_seam(call, *len_bytes);

	if (e == SYS_HOOK_SHORT && *len_bytes > 1)
		*len_bytes /= 2;
	if (e == SYS_HOOK_ZERO)
		*len_bytes = 0;
	return e < 0 ? e : 0;
}

int sys_hook_transfer(const char *call, size_t *len_bytes)
{
	return seam_transfer(call, len_bytes);
}

int sys_openat(int dirfd, const char *name, int flags, mode_t mode)
{
	SEAM("openat");
	return RETRY(openat(dirfd, name, flags | O_CLOEXEC, mode));
}

const char *fd_path(int fd, char buf[FD_PATH_MAX])
{
	snprintf(buf, FD_PATH_MAX, "/proc/self/fd/%d", fd);
	return buf;
}

int sys_set_blocking(int fd)
{
	int flags;

	SEAM("fcntl");
	flags = RETRY(fcntl(fd, F_GETFL));
	return flags < 0 ? flags : RETRY(fcntl(fd, F_SETFL, flags & ~O_NONBLOCK));
}

int sys_dup(int fd)
{
	SEAM("dup");
	return RETRY(fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

int sys_reopen(int fd, int flags)
{
	char path[FD_PATH_MAX];

	return sys_openat(AT_FDCWD, fd_path(fd, path), flags, 0);
}

ssize_t sys_pread(int fd, void *buf, size_t len_bytes, uint64_t offset)
{
	int err = seam_transfer("pread", &len_bytes);

	if (err)
		return err;
	record("pread", offset, 0, len_bytes);
	return RETRY(pread(fd, buf, len_bytes, (off_t)offset));
}

ssize_t sys_pwrite(int fd, const void *buf, size_t len_bytes, uint64_t offset)
{
	int err = seam_transfer("pwrite", &len_bytes);

	if (err)
		return err;
	record("pwrite", 0, offset, len_bytes);
	return RETRY(pwrite(fd, buf, len_bytes, (off_t)offset));
}

int sys_read_nowait(int fd, uint64_t offset)
{
	char byte;
	struct iovec one = { .iov_base = &byte, .iov_len = 1 };

	SEAM("read_nowait");
	return (int)RETRY(preadv2(fd, &one, 1, (off_t)offset, RWF_NOWAIT));
}

ssize_t sys_pread_full(int fd, void *buf, size_t len_bytes, uint64_t offset)
{
	size_t done = 0;

	while (done < len_bytes) {
		ssize_t n = sys_pread(fd, (char *)buf + done, len_bytes - done, offset + done);

		if (n < 0)
			return n;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int sys_pwrite_full(int fd, const void *buf, size_t len_bytes, uint64_t offset)
{
	size_t done = 0;

	while (done < len_bytes) {
		ssize_t n =
			sys_pwrite(fd, (const char *)buf + done, len_bytes - done, offset + done);

		if (n <= 0)
			return n < 0 ? (int)n : -EIO;
		done += (size_t)n;
	}
	return 0;
}

ssize_t sys_read(int fd, void *buf, size_t len_bytes)
{
	int err = seam_transfer("read", &len_bytes);

	return err ? err : RETRY(read(fd, buf, len_bytes));
}

int sys_poll(int fd, short events, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = events };
	int err = ask_seam("poll", 0), n = err ? err : poll(&p, 1, timeout_ms);

	if (n < 0 && !err)
		n = errno == EINTR ? 0 : -errno;
	return n;
}

ssize_t sys_write(int fd, const void *buf, size_t len_bytes)
{
	int err = seam_transfer("write", &len_bytes);

	return err ? err : RETRY(write(fd, buf, len_bytes));
}

int sys_write_full(int fd, const void *buf, size_t len_bytes)
{
	size_t done = 0;

	while (done < len_bytes) {
		ssize_t n = sys_write(fd, (const char *)buf + done, len_bytes - done);

		if (n <= 0)
			return n < 0 ? (int)n : -EIO;
		done += (size_t)n;
	}
	return 0;
}

ssize_t sys_copy_file_range(int src_fd, uint64_t src_offset, int dst_fd, uint64_t dst_offset,
			    size_t len_bytes)
{
	off64_t in = (off64_t)src_offset, out = (off64_t)dst_offset;
	int err = seam_transfer("copy_file_range", &len_bytes);
	ssize_t n;

	if (err)
		return err;
	record("copy_file_range", src_offset, dst_offset, len_bytes);
	n = copy_file_range(src_fd, &in, dst_fd, &out, len_bytes, 0);
	return n < 0 ? -errno : n;
}

int sys_clone_range(int src_fd, uint64_t src_offset, int dst_fd, uint64_t dst_offset,
		    uint64_t len_bytes)
{
	struct file_clone_range range = {
		.src_fd = src_fd,
		.src_offset = src_offset,
		.src_length = len_bytes,
		.dest_offset = dst_offset,
	};

	SEAM("clone_range");
	if (len_bytes == 0)
		return -EINVAL;
	record("clone_range", src_offset, dst_offset, len_bytes);
	return RETRY(ioctl(dst_fd, FICLONERANGE, &range));
}

int sys_seek(int fd, uint64_t offset, int whence, uint64_t *ret_offset)
{
	off_t pos;

	SEAM("seek");
	pos = lseek(fd, (off_t)offset, whence);
	if (pos == -1)
		return -errno;
	/* Btrfs may round the end of the longest file up to a block: 2^63. */
	*ret_offset = pos < 0 ? (uint64_t)INT64_MAX : (uint64_t)pos;
	return 0;
}

int sys_fiemap(int fd, struct fiemap *map)
{
	SEAM("fiemap");
	return RETRY(ioctl(fd, FS_IOC_FIEMAP, map));
}

int sys_fallocate(int fd, int mode, uint64_t offset, uint64_t len_bytes)
{
	SEAM("fallocate");
	sys_record(&(struct sys_data_call){ "fallocate", 0, offset, len_bytes, mode });
	return RETRY(fallocate(fd, mode, (off_t)offset, (off_t)len_bytes));
}

int sys_ftruncate(int fd, uint64_t size_bytes)
{
	SEAM("ftruncate");
	return RETRY(ftruncate(fd, (off_t)size_bytes));
}

int sys_fsync(int fd)
{
	SEAM("fsync");
	return RETRY(fsync(fd));
}

int sys_fdatasync(int fd)
{
	SEAM("fdatasync");
	return RETRY(fdatasync(fd));
}

int sys_syncfs(int fd)
{
	SEAM("syncfs");
	return RETRY(syncfs(fd));
}

int sys_start_writeback(int fd, uint64_t offset, uint64_t len_bytes)
{
	SEAM("start_writeback");
	return RETRY(
		sync_file_range(fd, (off64_t)offset, (off64_t)len_bytes, SYNC_FILE_RANGE_WRITE));
}

int sys_finish_writeback(int fd, uint64_t offset, uint64_t len_bytes)
{
	SEAM("finish_writeback");
	return RETRY(sync_file_range(fd, (off64_t)offset, (off64_t)len_bytes,
				     SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
					     SYNC_FILE_RANGE_WAIT_AFTER));
}

int sys_fadvise(int fd, uint64_t offset, uint64_t len_bytes, int advice)
{
	SEAM("fadvise");
	return -posix_fadvise(fd, (off_t)offset, (off_t)len_bytes, advice);
}

/* As in linux/mman.h of Linux 6.5 and later. */
#define CACHESTAT_NUMBER 451
struct cached_range {
	uint64_t offset, len_bytes;
};
struct cached_pages {
	uint64_t cache, dirty, writeback, evicted, recently_evicted;
};

int sys_cached_bytes(int fd, uint64_t offset, uint64_t len_bytes, uint64_t *ret_bytes)
{
	struct cached_range range = { offset, len_bytes };
	struct cached_pages pages = { 0 };

	SEAM("cached_bytes");
	if (syscall(CACHESTAT_NUMBER, fd, &range, &pages, 0))
		return -errno;
	*ret_bytes = pages.cache * (uint64_t)sysconf(_SC_PAGESIZE);
	return 0;
}

int sys_ioctl(int fd, unsigned long request, void *arg)
{
	int r;

	SEAM("ioctl");
	r = ioctl(fd, request, arg);
	return r < 0 ? -errno : r;
}

int sys_fstatfs(int fd, struct statfs *ret_st)
{
	SEAM("fstatfs");
	return RETRY(fstatfs(fd, ret_st));
}

int sys_name_to_handle(int fd, struct file_handle *handle)
{
	int mount_id;

	SEAM("name_to_handle");
	return RETRY(name_to_handle_at(fd, "", handle, &mount_id, AT_EMPTY_PATH));
}

int sys_open_by_handle(int mount_fd, struct file_handle *handle, int flags)
{
	SEAM("open_by_handle");
	return RETRY(open_by_handle_at(mount_fd, handle, flags | O_CLOEXEC));
}

int sys_fstat(int fd, struct stat *ret_st)
{
	return sys_fstatat(fd, "", ret_st, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
}

int sys_dio_align(int fd, uint32_t *ret_memory_bytes, uint32_t *ret_offset_bytes)
{
	SEAM("dio_align");
#ifdef STATX_DIOALIGN
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &st))
		return -errno;
	if (!(st.stx_mask & STATX_DIOALIGN))
		return -EOPNOTSUPP;
	*ret_memory_bytes = st.stx_dio_mem_align;
	*ret_offset_bytes = st.stx_dio_offset_align;
	return 0;
#else /* built with headers from before Linux 6.1 */
	(void)fd;
	(void)ret_memory_bytes;
	(void)ret_offset_bytes;
	return -EOPNOTSUPP;
#endif
}

int sys_birth(int fd, int64_t *ret_s)
{
	struct statx st;

	SEAM("fstatat");
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &st))
		return -errno;
	if (!(st.stx_mask & STATX_BTIME))
		return -EOPNOTSUPP;
	*ret_s = st.stx_btime.tv_sec;
	return 0;
}

int sys_fstatat(int dirfd, const char *name, struct stat *ret_st, int flags)
{
	SEAM("fstatat");
	return RETRY(fstatat(dirfd, name, ret_st, flags));
}

int sys_stat_kind(int dirfd, const char *name, mode_t *ret_type, dev_t *ret_dev, int flags)
{
	struct statx st;

	SEAM("fstatat");
	if (statx(dirfd, name, flags | AT_STATX_DONT_SYNC, STATX_TYPE, &st))
		return -errno;
	*ret_type = st.stx_mode & S_IFMT;
	*ret_dev = makedev(st.stx_dev_major, st.stx_dev_minor);
	return 0;
}

int sys_fstatvfs(int fd, struct statvfs *ret_st)
{
	SEAM("fstatvfs");
	return RETRY(fstatvfs(fd, ret_st));
}

int sys_mkdirat(int dirfd, const char *name, mode_t mode)
{
	SEAM("mkdirat");
	return RETRY(mkdirat(dirfd, name, mode));
}

int sys_mknodat(int dirfd, const char *name, mode_t mode, dev_t dev)
{
	SEAM("mknodat");
	return RETRY(mknodat(dirfd, name, mode, dev));
}

int sys_symlinkat(const char *target, int dirfd, const char *name)
{
	SEAM("symlinkat");
	return RETRY(symlinkat(target, dirfd, name));
}

int sys_linkat(int old_dirfd, const char *old_name, int dirfd, const char *name, int flags)
{
	SEAM("linkat");
	return RETRY(linkat(old_dirfd, old_name, dirfd, name, flags));
}

int sys_unlinkat(int dirfd, const char *name, int flags)
{
	SEAM("unlinkat");
	return RETRY(unlinkat(dirfd, name, flags));
}

int sys_renameat2(int old_dirfd, const char *old_name, int dirfd, const char *name,
		  unsigned int flags)
{
	SEAM("renameat2");
	return RETRY(renameat2(old_dirfd, old_name, dirfd, name, flags));
}

ssize_t sys_readlinkat(int dirfd, const char *name, char *buf, size_t size)
{
	ssize_t n;

	SEAM("readlinkat");
	n = RETRY(readlinkat(dirfd, name, buf, size));
	if (n < 0)
		return n;
	if ((size_t)n >= size)
		return -ENAMETOOLONG;
	buf[n] = '\0';
	return n;
}

int sys_chmod_fd(int fd, mode_t mode)
{
	char path[FD_PATH_MAX];

	SEAM("chmod");
	return RETRY(chmod(fd_path(fd, path), mode));
}

int sys_chown_fd(int fd, uid_t uid, gid_t gid)
{
	SEAM("chown");
	return RETRY(fchownat(fd, "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW));
}

int sys_utimens_fd(int fd, const struct timespec times[2])
{
	char path[FD_PATH_MAX];

	SEAM("utimens");
	return RETRY(utimensat(AT_FDCWD, fd_path(fd, path), times, 0));
}

ssize_t sys_getxattr_fd(int fd, const char *name, void *buf, size_t size)
{
	char path[FD_PATH_MAX];

	SEAM("getxattr");
	return RETRY(getxattr(fd_path(fd, path), name, buf, size));
}

ssize_t sys_listxattr_fd(int fd, char *buf, size_t size)
{
	char path[FD_PATH_MAX];

	SEAM("listxattr");
	return RETRY(listxattr(fd_path(fd, path), buf, size));
}

int sys_setxattr_fd(int fd, const char *name, const void *value, size_t len_bytes, int flags)
{
	char path[FD_PATH_MAX];

	SEAM("setxattr");
	return RETRY(setxattr(fd_path(fd, path), name, value, len_bytes, flags));
}

int sys_removexattr_fd(int fd, const char *name)
{
	char path[FD_PATH_MAX];

	SEAM("removexattr");
	return RETRY(removexattr(fd_path(fd, path), name));
}

int sys_fchmod(int fd, mode_t mode)
{
	SEAM("chmod");
	return RETRY(fchmod(fd, mode));
}

int sys_futimens(int fd, const struct timespec times[2])
{
	SEAM("utimens");
	return RETRY(futimens(fd, times));
}

ssize_t sys_fgetxattr(int fd, const char *name, void *buf, size_t size)
{
	SEAM("getxattr");
	return RETRY(fgetxattr(fd, name, buf, size));
}

ssize_t sys_flistxattr(int fd, char *buf, size_t size)
{
	SEAM("listxattr");
	return RETRY(flistxattr(fd, buf, size));
}

int sys_fsetxattr(int fd, const char *name, const void *value, size_t len_bytes, int flags)
{
	SEAM("setxattr");
	return RETRY(fsetxattr(fd, name, value, len_bytes, flags));
}

int sys_fremovexattr(int fd, const char *name)
{
	SEAM("removexattr");
	return RETRY(fremovexattr(fd, name));
}

ssize_t sys_getdents(int fd, void *buf, size_t size)
{
	SEAM("getdents");
	return RETRY(getdents64(fd, buf, size));
}

/* Of one that a crash left nothing is taken: it may be of another, a link, or a pipe. */
static int make_anew(int dirfd, const char *name, mode_t mode)
{
	int err = sys_unlinkat(dirfd, name, 0);

	if (err && err != -ENOENT)
		return err;
	return sys_openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
}

int sys_replace_file(int dirfd, const char *name, const void *data, size_t len_bytes, mode_t mode)
{
	CLEANUP_FD int fd = -1;
	char temporary[256];
	int err;

	if (snprintf(temporary, sizeof(temporary), "%s.new", name) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	fd = make_anew(dirfd, temporary, mode);
	if (fd < 0)
		return fd;
	err = sys_pwrite_full(fd, data, len_bytes, 0);
	if (!err)
		err = sys_fsync(fd);
	if (!err)
		err = sys_renameat2(dirfd, temporary, dirfd, name, 0);
	if (err) {
		(void)!sys_unlinkat(dirfd, temporary, 0);
		return err;
	}
	return sys_fsync(dirfd);
}

/* To its end, whatever its size is said to be: 0 for all of procfs. One byte more than size is asked for. */
static int read_to_end(int fd, size_t size, size_t max_bytes, char **ret_data,
		       size_t *ret_len_bytes)
{
	CLEANUP_FREE char *data = NULL;
	size_t len = 0;

	for (;;) {
		char *larger = realloc(data, size + 2);
		ssize_t n;

		if (!larger)
			return -ENOMEM;
		data = larger;
		n = sys_pread_full(fd, data + len, size + 1 - len, len);
		if (n < 0)
			return (int)n;
		len += (size_t)n;
		if (len > max_bytes)
			return -EFBIG;
		if (len <= size)
			break;
		size = 2 * size + 4096;
	}
	data[len] = '\0';
	*ret_data = PTR_STEAL(data);
	*ret_len_bytes = len;
	return 0;
}

int sys_read_file(int dirfd, const char *name, size_t max_bytes, char **ret_data,
		  size_t *ret_len_bytes)
{
	CLEANUP_FD int fd = -1;
	struct stat st;
	int err;

	fd = sys_openat(dirfd, name, O_RDONLY | O_NOFOLLOW, 0);
	if (fd < 0)
		return fd;
	err = sys_fstat(fd, &st);
	if (err)
		return err;
	if ((uint64_t)st.st_size > max_bytes)
		return -EFBIG;
	return read_to_end(fd, (size_t)st.st_size, max_bytes, ret_data, ret_len_bytes);
}
