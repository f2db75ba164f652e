/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "real.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct real real;

/* All offsets have 64 bits where this is used, so that one of the two names is enough. */
#define ROW(name)                                                                                  \
	{                                                                                          \
#name, offsetof(struct real, name)                                                 \
	}

static const struct {
	const char *name;
	size_t offset;
} rows[] = {
	ROW(openat),       ROW(close),
	ROW(close_range),  ROW(dup),
	ROW(dup3),         ROW(fcntl),
	ROW(ioctl),        ROW(fopen),
	ROW(opendir),      ROW(read),
	ROW(write),        ROW(pread),
	ROW(pwrite),       ROW(preadv2),
	ROW(lseek),        ROW(ftruncate),
	ROW(fallocate),    ROW(fsync),
	ROW(fdatasync),    ROW(copy_file_range),
	ROW(sendfile),     ROW(splice),
	ROW(fstatat),      ROW(statx),
	ROW(statfs),       ROW(fstatfs),
	ROW(getxattr),     ROW(lgetxattr),
	ROW(setxattr),     ROW(listxattr),
	ROW(removexattr),  ROW(fgetxattr),
	ROW(fsetxattr),    ROW(flistxattr),
	ROW(fremovexattr), ROW(chmod),
	ROW(fchmod),       ROW(fchownat),
	ROW(utimensat),    ROW(futimens),
	ROW(readlinkat),   ROW(name_to_handle_at),
	ROW(glob),
};

void real_init(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		void *f = dlsym(RTLD_NEXT, rows[i].name);

		if (!f) {
			fprintf(stderr, "lustre_double: libc has no %s\n", rows[i].name);
			abort();
		}
		memcpy((char *)&real + rows[i].offset, &f, sizeof(f));
	}
}
