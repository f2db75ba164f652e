/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an operand names: a file or directory, open, and the file system that it is on. */
#ifndef LOVFS_CLI_PLACE_H
#define LOVFS_CLI_PLACE_H

#include "base/attr.h"
#include "fs/fs.h"

#include <sys/stat.h>

/* The file system of the last operand: the next one is mostly on the same. Zeroed is empty. */
struct place_fs {
	struct fs *fs; /* owned */
};

/* The file system of `path` (fs/fs.h), which stays the keeper's and valid until the next call. */
int MUST_CHECK place_fs_get(struct place_fs *keeper, const char *path, struct fs **ret_fs);
void place_fs_release(struct place_fs *keeper);

/* A place that was opened. fd starts at -1. */
struct place {
	struct fs *fs; /* borrowed of the keeper */
	int fd;        /* owned; open for reading */
	struct stat st;
};

/* Opens a regular file or directory; symbolic links are followed. -EINVAL for what is neither: it
 * isn't touched. */
int MUST_CHECK place_open(struct place_fs *keeper, const char *path, struct place *ret_place);
void place_close(struct place *place);

#define CLEANUP_PLACE CLEANUP(place_close)
#define CLEANUP_PLACE_FS CLEANUP(place_fs_release)

#endif
