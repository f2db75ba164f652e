/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an operand names: a file or directory, open, and the file system that it is on. */
#ifndef LOVFS_CLI_PLACE_H
#define LOVFS_CLI_PLACE_H

#include "base/attr.h"
#include "fs/fs.h"

#include <pthread.h>

#include <sys/stat.h>

/* The file systems that operands were on: the next one is mostly on one of them. Any thread. */
struct place_fs {
	pthread_mutex_t lock;
	struct place_known *known; /* guarded by lock; owned */
};

#define PLACE_FS_INIT                                                                              \
	{                                                                                          \
		.lock = PTHREAD_MUTEX_INITIALIZER                                                  \
	}

/* The file system of `path` (fs/fs.h), which stays the keeper's. */
int MUST_CHECK place_fs_get(struct place_fs *keeper, const char *path, struct fs **ret_fs);
/* The same, with what stat(2) says of the path; zeros where it doesn't exist. */
int MUST_CHECK place_fs_stat(struct place_fs *keeper, const char *path, struct fs **ret_fs,
			     struct stat *ret_st);
/* Each of them, when no other thread uses the keeper any more. */
void place_fs_each(struct place_fs *keeper, void (*look)(struct fs *fs));
void place_fs_release(struct place_fs *keeper);

/* A place that was opened. fd starts at -1. */
struct place {
	struct fs *fs; /* borrowed of the keeper */
	int fd;        /* owned; open for reading, or O_PATH where that fails with EIO */
	mode_t type;   /* S_IFMT bits */
};

/* Opens a regular file or directory; symbolic links are followed. -EINVAL for what is neither: it
 * isn't touched. */
int MUST_CHECK place_open(struct place_fs *keeper, const char *path, struct place *ret_place);
void place_close(struct place *place);

#define CLEANUP_PLACE CLEANUP(place_close)
#define CLEANUP_PLACE_FS CLEANUP(place_fs_release)

#endif
