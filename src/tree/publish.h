/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names in the destination that appear, or are replaced, in one step:
 *
 *	target_check()        what is there, and whether it may be replaced
 *	newfile_open()        a file without a name; where that can't be, ".NAME.lovXXXXXX"
 *	... its data and attributes ...
 *	newfile_publish()     it has the name
 *	newfile_close()       what was not published is gone
 */
#ifndef LOVFS_TREE_PUBLISH_H
#define LOVFS_TREE_PUBLISH_H

#include "tree/dirpair.h"

#include <limits.h>

enum target { TARGET_ABSENT, TARGET_REPLACE, TARGET_KEEP /* no_clobber: nothing to do */ };

/* What the name in the destination means for a source of src_st. Errors with text where it is a
 * directory, the same file, or special and the source isn't. */
int MUST_CHECK target_check(const struct dirpair *d, const char *name, const struct stat *src_st,
			    bool no_clobber, enum target *ret_target);

struct newfile {
	struct dirpair *dir; /* borrowed, in use */
	int fd;              /* owned; starts at -1; O_RDWR */
	/* Of the file that has no other name yet; "": it has none. */
	char temporary[NAME_MAX + 1];
};

/* mode as in open(2); to_be_given: owner and mode are set before it is published, and nobody else may
 * open it until then. Errors with text. */
int MUST_CHECK newfile_open(struct dirpair *d, const char *name, mode_t mode, bool to_be_given,
			    struct newfile *ret_file);
int MUST_CHECK newfile_publish(struct newfile *f, const char *name, enum target target);
void newfile_close(struct newfile *f);

#define CLEANUP_NEWFILE CLEANUP(newfile_close)

/*
 * For what has no data: make(cookie, dirfd, name) makes it, under `name` itself where that is free,
 * and otherwise under a temporary name which then replaces it. Errors with text.
 */
int MUST_CHECK publish_made(struct dirpair *d, const char *name, enum target target,
			    int (*make)(void *cookie, int dirfd, const char *name), void *cookie);

#endif
