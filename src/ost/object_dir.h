/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The directories that objects are in: O/<seq>/d<oid % 32>, made when first needed, kept open. */
#ifndef LOVFS_OST_OBJECT_DIR_H
#define LOVFS_OST_OBJECT_DIR_H

#include "ost/ost_impl.h"

/* A directory in use: fd is borrowed from the ost, or owned and then also in `owned`. */
struct object_dir {
	int fd;
	int owned;            /* -1: not owned */
	atomic_bool *changed; /* to be set after creating or destroying in it */
};

static inline void object_dir_release(struct object_dir *dir)
{
	fd_cleanup(&dir->owned);
}
#define CLEANUP_OBJECT_DIR CLEANUP(object_dir_release)
#define OBJECT_DIR_NONE ((struct object_dir){ .fd = -1, .owned = -1 })

/* Opens the directory of an object; `make` makes it where it isn't there, otherwise -ENOENT. */
int MUST_CHECK object_dir_get(struct ost *ost, struct fid id, bool make,
			      struct object_dir *ret_dir);

#endif
