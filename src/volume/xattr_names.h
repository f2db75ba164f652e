/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which xattrs of an inode of the MDT are lovfs's own (mdt/user_xattr.h): users neither see nor set
 * them. */
#ifndef LOVFS_VOLUME_XATTR_NAMES_H
#define LOVFS_VOLUME_XATTR_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct inode;

bool xattr_names_reserved(const struct inode *inode, const char *name);

/* Takes those out of the list of names that listxattr(2) gave, in place. Returns the length that is
 * left. */
size_t xattr_names_filter(const struct inode *inode, char *list, size_t len_bytes);

#endif
