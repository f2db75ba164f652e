/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file that a mover works on: opened, looked at, and put away. For one thread. */
#ifndef LOVFS_MOVER_SUBJECT_H
#define LOVFS_MOVER_SUBJECT_H

#include "base/attr.h"
#include "fs/fs.h"

#include <stdbool.h>
#include <sys/stat.h>

struct subject {
	const char *name; /* in its directory; borrowed from the path */
	int dir_fd;       /* of its directory, O_PATH; -1: not open */
	int file_fd;      /* the file itself; -1: not open */
	int source_fd;    /* of fs_ops.open_source(); -1: not open */
	struct stat st;
};

#define SUBJECT_INIT                                                                               \
	{                                                                                          \
		.dir_fd = -1, .file_fd = -1, .source_fd = -1                                       \
	}

/*
 * Opens the file and its directory. flags: O_RDONLY or O_RDWR. verb: "migrate", for texts. Symbolic
 * links aren't followed: -ELOOP. -EISDIR, -EINVAL not a regular file. -EXDEV not on fs. -EPERM of
 * another user. -ETXTBSY. On failure nothing is open.
 */
int MUST_CHECK subject_open(struct fs *fs, const char *path, int flags, const char *verb,
			    struct subject *ret_subject);

/* Opens the file anew for writing, in the place of file_fd: whoever opens it for writing ends a lease that
 * another may have, so it is looked at before. -ETXTBSY. */
int MUST_CHECK subject_open_for_writing(struct fs *fs, struct subject *s);

/* Opens source_fd; the file itself stays open. */
int MUST_CHECK subject_open_source(struct fs *fs, struct subject *s);

/* The same when writers are to be held back later: dirty pages are written out and the file itself is
 * closed. -EBUSY where standard input, output or error of this process is the file: that couldn't be
 * closed then. */
int MUST_CHECK subject_leave_file(struct fs *fs, struct subject *s);

/* The layout, of a file that has mirrors: -ENODATA where it has none. */
int MUST_CHECK subject_mirrors(struct fs *fs, const struct subject *s, struct layout **ret_layout);

/* A file without a name that has layout l (NULL: none yet), beside the file and with its owner. */
int MUST_CHECK subject_make_victim(struct fs *fs, const struct subject *s, const struct layout *l,
				   int *ret_fd);

/* The victim gets the size of `st`: a hole at the end has left it short, or the filling of a block long. */
int MUST_CHECK subject_size_victim(struct fs *fs, const struct stat *st, int victim_fd);

/* The last touch: the victim, complete and durable, gets the times of `st`. *ret_version is its data
 * version from then on. */
int MUST_CHECK subject_seal_victim(struct fs *fs, const struct stat *st, int victim_fd,
				   uint64_t *ret_version);

/* How many threads copy: as many as were asked for, or, with 0, what is good on this file system. */
static inline unsigned int subject_threads(const struct fs *fs, unsigned int asked)
{
	return asked ? asked : fs->copy_threads;
}

void subject_close(struct subject *s);

#endif
