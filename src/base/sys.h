/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System calls as the rest of lovfs sees them: 0, a count or a descriptor on success, a negative
 * errno on failure, never -1. EINTR is retried where the call has done nothing yet; descriptors are
 * O_CLOEXEC. No function here sets an error text: the caller knows what the call was for.
 *
 * Every wrapper passes through one seam, so that a test can make the n-th call fail or come back
 * short: see sys_set_hook().
 */
#ifndef LOVFS_BASE_SYS_H
#define LOVFS_BASE_SYS_H

#include "base/attr.h"

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/types.h>

/*
 * Called before each system call with the wrapper's name without "sys_" and the number of bytes
 * asked for (0 where there is none). Returns a negative errno to fail the call without making it,
 * SYS_HOOK_SHORT to make it transfer at most half of the bytes, SYS_HOOK_ZERO to make it transfer
 * none and return 0, or 0 to let it through. NULL removes the hook. For tests: set it while no
 * other thread is in a wrapper.
 */
#define SYS_HOOK_SHORT 1
#define SYS_HOOK_ZERO 2
typedef int sys_hook_fn(const char *call, size_t len_bytes, void *cookie);
void sys_set_hook(sys_hook_fn *hook, void *cookie);

/*
 * Called before each call that moves, reads or changes bytes of a file and is made, whatever comes
 * of it, with what it is made with. For tests, as the hook; several threads may call it at once.
 */
struct sys_data_call {
	const char *name;                /* as the hook gets it */
	uint64_t src_offset, dst_offset; /* 0 where there is no such side */
	uint64_t len_bytes;
	int mode; /* of fallocate */
};
typedef void sys_recorder_fn(const struct sys_data_call *call, void *cookie);
void sys_set_recorder(sys_recorder_fn *recorder, void *cookie);

/* openat(2). flags gain O_CLOEXEC. Returns the descriptor. */
int MUST_CHECK sys_openat(int dirfd, const char *name, int flags, mode_t mode);

/* Opens again what fd (O_PATH is fine) refers to, by way of /proc/self/fd. Returns the descriptor.
 */
int MUST_CHECK sys_reopen(int fd, int flags);
/* Takes O_NONBLOCK away from an open file. */
int MUST_CHECK sys_set_blocking(int fd);
/* Another descriptor of the same open file. Returns it. */
int MUST_CHECK sys_dup(int fd);

/* "/proc/self/fd/N": a name for fd, for calls that take no descriptor or no O_PATH descriptor.
 * Returns buf. */
#define FD_PATH_MAX 32
const char *fd_path(int fd, char buf[FD_PATH_MAX]);

/* What the hook says to a transfer that isn't made by a function here (io_uring): 0 with *len_bytes
 * as the test wants it, or a negative errno. */
int MUST_CHECK sys_hook_transfer(const char *call, size_t *len_bytes);
/* And for the recorder. */
void sys_record(const struct sys_data_call *call);

/* Transfers once; the count may be short, 0 at the end of the file. EINTR is retried. */
ssize_t MUST_CHECK sys_pread(int fd, void *buf, size_t len_bytes, uint64_t offset);
ssize_t MUST_CHECK sys_pwrite(int fd, const void *buf, size_t len_bytes, uint64_t offset);

/* Reads one byte if that takes no waiting for a device: 1, 0 at the end of the file, -EAGAIN where
 * it would. -EOPNOTSUPP. Source: RWF_NOWAIT of preadv2(2). */
int MUST_CHECK sys_read_nowait(int fd, uint64_t offset);

/*
 * Transfer all of len_bytes, however many calls it takes. read_full returns the count, less than
 * len_bytes only at the end of the file. write_full returns 0 or a negative errno, -EIO when the
 * kernel keeps writing nothing.
 */
ssize_t MUST_CHECK sys_pread_full(int fd, void *buf, size_t len_bytes, uint64_t offset);
int MUST_CHECK sys_pwrite_full(int fd, const void *buf, size_t len_bytes, uint64_t offset);

/* read(2) and write(2), for what has no offsets: pipes, terminals. As pread, pwrite,
 * pwrite_full. */
ssize_t MUST_CHECK sys_read(int fd, void *buf, size_t len_bytes);
ssize_t MUST_CHECK sys_write(int fd, const void *buf, size_t len_bytes);
int MUST_CHECK sys_write_full(int fd, const void *buf, size_t len_bytes);

/* poll(2): waits until fd is ready for POLLIN or POLLOUT: 1, or 0 after timeout_ms, or when a
 * signal came. */
int MUST_CHECK sys_poll(int fd, short events, int timeout_ms);

/* copy_file_range(2). EINTR is returned, not retried: the caller decides whether it was asked to
 * stop. */
ssize_t MUST_CHECK sys_copy_file_range(int src_fd, uint64_t src_offset, int dst_fd,
				       uint64_t dst_offset, size_t len_bytes);

/* FICLONERANGE of ioctl_ficlonerange(2). len_bytes 0 means to the end of the source: never passed
 * here (-EINVAL). */
int MUST_CHECK sys_clone_range(int src_fd, uint64_t src_offset, int dst_fd, uint64_t dst_offset,
			       uint64_t len_bytes);

/* lseek(2) with SEEK_DATA or SEEK_HOLE. -ENXIO past the end or where no data follows. */
int MUST_CHECK sys_seek(int fd, uint64_t offset, int whence, uint64_t *ret_offset);

/* FS_IOC_FIEMAP of the kernel's fiemap.rst: the extents of map->fm_start and fm_length.
 * -EOPNOTSUPP. */
struct fiemap;
int MUST_CHECK sys_fiemap(int fd, struct fiemap *map);

int MUST_CHECK sys_fallocate(int fd, int mode, uint64_t offset, uint64_t len_bytes);
int MUST_CHECK sys_ftruncate(int fd, uint64_t size_bytes);
int MUST_CHECK sys_fsync(int fd);
int MUST_CHECK sys_fdatasync(int fd);
int MUST_CHECK sys_syncfs(int fd);
/* sync_file_range(2) with SYNC_FILE_RANGE_WRITE: starts writing out, waits for nothing. */
int MUST_CHECK sys_start_writeback(int fd, uint64_t offset, uint64_t len_bytes);

/* The same, and waits until the range is written out; len_bytes 0: to the end. Unlike fsync(2) it
 * takes no lock of the inode, and nothing is durable yet. */
int MUST_CHECK sys_finish_writeback(int fd, uint64_t offset, uint64_t len_bytes);
/* posix_fadvise(2); len_bytes 0: to the end. */
int MUST_CHECK sys_fadvise(int fd, uint64_t offset, uint64_t len_bytes, int advice);

/* How many bytes of the range are in the page cache, in whole pages; cachestat(2). -ENOSYS before
 * Linux 6.5; -EPERM. */
int MUST_CHECK sys_cached_bytes(int fd, uint64_t offset, uint64_t len_bytes, uint64_t *ret_bytes);

/* ioctl(2): its value. EINTR is returned, not retried: the caller knows what the request may have
 * done. */
int MUST_CHECK sys_ioctl(int fd, unsigned long request, void *arg);

/* name_to_handle_at(2) of an open file. handle->handle_bytes says how much room there is. */
struct file_handle;
int MUST_CHECK sys_name_to_handle(int fd, struct file_handle *handle);
/* open_by_handle_at(2); mount_fd is of anything in that file system, not O_PATH. Returns the
 * descriptor. -EPERM without CAP_DAC_READ_SEARCH; -ESTALE. */
int MUST_CHECK sys_open_by_handle(int mount_fd, struct file_handle *handle, int flags);

int MUST_CHECK sys_fstat(int fd, struct stat *ret_st);
/* What direct I/O on the file must be aligned to: memory, and offsets and lengths; both 0: it is
 * not supported. STATX_DIOALIGN of statx(2). -EOPNOTSUPP: the kernel (before 6.1) or file system
 * doesn't say. */
int MUST_CHECK sys_dio_align(int fd, uint32_t *ret_memory_bytes, uint32_t *ret_offset_bytes);
/* When the file was made, in seconds since 1970: STATX_BTIME of statx(2). -EOPNOTSUPP: the file
 * system doesn't say. */
int MUST_CHECK sys_birth(int fd, int64_t *ret_s);
int MUST_CHECK sys_fstatat(int dirfd, const char *name, struct stat *ret_st, int flags);
/* What kind of file it is (S_IFMT bits) and on which device, which the kernel knows by itself: also
 * of a file whose size the file system can't tell now, where stat(2) fails. */
int MUST_CHECK sys_stat_kind(int dirfd, const char *name, mode_t *ret_type, dev_t *ret_dev,
			     int flags);
/* For the type of the file system, which statvfs doesn't tell. fd may be O_PATH. */
int MUST_CHECK sys_fstatfs(int fd, struct statfs *ret_st);
int MUST_CHECK sys_fstatvfs(int fd, struct statvfs *ret_st);

int MUST_CHECK sys_mkdirat(int dirfd, const char *name, mode_t mode);
int MUST_CHECK sys_mknodat(int dirfd, const char *name, mode_t mode, dev_t dev);
int MUST_CHECK sys_symlinkat(const char *target, int dirfd, const char *name);
int MUST_CHECK sys_linkat(int old_dirfd, const char *old_name, int dirfd, const char *name,
			  int flags);
int MUST_CHECK sys_unlinkat(int dirfd, const char *name, int flags);
int MUST_CHECK sys_renameat2(int old_dirfd, const char *old_name, int dirfd, const char *name,
			     unsigned int flags);
/* The length without a NUL; -ENAMETOOLONG when it doesn't fit size with one. The text ends in NUL.
 */
ssize_t MUST_CHECK sys_readlinkat(int dirfd, const char *name, char *buf, size_t size);

/* On the file that fd refers to; fd may be O_PATH. times[0] is atime, times[1] mtime, as in
 * utimensat(2). */
int MUST_CHECK sys_chmod_fd(int fd, mode_t mode);
int MUST_CHECK sys_chown_fd(int fd, uid_t uid, gid_t gid);
int MUST_CHECK sys_utimens_fd(int fd, const struct timespec times[2]);

/*
 * Extended attributes of the file that fd refers to; fd may be O_PATH, also of a symbolic link or
 * special file. get and list return the length; -ERANGE when it doesn't fit size, and the needed
 * length when size is 0. -ENODATA: there is none.
 */
ssize_t MUST_CHECK sys_getxattr_fd(int fd, const char *name, void *buf, size_t size);
ssize_t MUST_CHECK sys_listxattr_fd(int fd, char *buf, size_t size);
int MUST_CHECK sys_setxattr_fd(int fd, const char *name, const void *value, size_t len_bytes,
			       int flags);
int MUST_CHECK sys_removexattr_fd(int fd, const char *name);

/* The same for descriptors that are not O_PATH, without the way through /proc: for whoever asks for
 * every file of many. */
int MUST_CHECK sys_fchmod(int fd, mode_t mode);
int MUST_CHECK sys_futimens(int fd, const struct timespec times[2]);
ssize_t MUST_CHECK sys_fgetxattr(int fd, const char *name, void *buf, size_t size);
ssize_t MUST_CHECK sys_flistxattr(int fd, char *buf, size_t size);
int MUST_CHECK sys_fsetxattr(int fd, const char *name, const void *value, size_t len_bytes,
			     int flags);
int MUST_CHECK sys_fremovexattr(int fd, const char *name);

/* getdents64(2): whole struct dirent64 records, and their length; 0 at the end of the directory. */
ssize_t MUST_CHECK sys_getdents(int fd, void *buf, size_t size);

/*
 * Replaces the file `name` under dirfd by len_bytes of data, durably and in one step: written to
 * `name`.new, fsynced, renamed over, directory fsynced. After a crash the file holds the old bytes
 * or the new; `name`.new may be left, and goes with the next call. On failure it is gone.
 */
int MUST_CHECK sys_replace_file(int dirfd, const char *name, const void *data, size_t len_bytes,
				mode_t mode);

/* Reads a small whole file, also one of procfs, into a malloc'ed, NUL-ended buffer. -EFBIG above
 * max_bytes. */
int MUST_CHECK sys_read_file(int dirfd, const char *name, size_t max_bytes, char **ret_data,
			     size_t *ret_len_bytes);

#endif
