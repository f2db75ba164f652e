/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The functions of libc behind those that are interposed here. */
#ifndef REAL_H
#define REAL_H

#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/types.h>
#include <sys/uio.h>

struct real {
	int (*openat)(int, const char *, int, ...);
	int (*close)(int);
	int (*close_range)(unsigned int, unsigned int, int);
	int (*dup)(int);
	int (*dup3)(int, int, int);
	int (*fcntl)(int, int, ...);
	int (*ioctl)(int, unsigned long, ...);
	FILE *(*fopen)(const char *, const char *);
	DIR *(*opendir)(const char *);
	int (*glob)(const char *, int, int (*)(const char *, int), glob_t *);
	ssize_t (*read)(int, void *, size_t);
	ssize_t (*write)(int, const void *, size_t);
	ssize_t (*pread)(int, void *, size_t, off_t);
	ssize_t (*pwrite)(int, const void *, size_t, off_t);
	ssize_t (*preadv2)(int, const struct iovec *, int, off_t, int);
	off_t (*lseek)(int, off_t, int);
	int (*ftruncate)(int, off_t);
	int (*fallocate)(int, int, off_t, off_t);
	int (*fsync)(int);
	int (*fdatasync)(int);
	ssize_t (*copy_file_range)(int, off64_t *, int, off64_t *, size_t, unsigned int);
	ssize_t (*sendfile)(int, int, off_t *, size_t);
	ssize_t (*splice)(int, off64_t *, int, off64_t *, size_t, unsigned int);
	int (*fstatat)(int, const char *, struct stat *, int);
	int (*statx)(int, const char *, int, unsigned int, struct statx *);
	int (*statfs)(const char *, struct statfs *);
	int (*fstatfs)(int, struct statfs *);
	ssize_t (*getxattr)(const char *, const char *, void *, size_t);
	ssize_t (*lgetxattr)(const char *, const char *, void *, size_t);
	int (*setxattr)(const char *, const char *, const void *, size_t, int);
	ssize_t (*listxattr)(const char *, char *, size_t);
	int (*removexattr)(const char *, const char *);
	ssize_t (*fgetxattr)(int, const char *, void *, size_t);
	int (*fsetxattr)(int, const char *, const void *, size_t, int);
	ssize_t (*flistxattr)(int, char *, size_t);
	int (*fremovexattr)(int, const char *);
	int (*chmod)(const char *, mode_t);
	int (*fchmod)(int, mode_t);
	int (*fchownat)(int, const char *, uid_t, gid_t, int);
	int (*utimensat)(int, const char *, const struct timespec *, int);
	int (*futimens)(int, const struct timespec *);
	ssize_t (*readlinkat)(int, const char *, char *, size_t);
	int (*name_to_handle_at)(int, const char *, struct file_handle *, int *, int);
};

extern struct real real;

void real_init(void);

#endif
