/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The hidden directory: .lovfs/mirror/<FID>/<mirror id> is one mirror of a file as a file of its
 * own, with pages and a lock of its own in the kernel; mirror 0 is the file as a whole. Files are
 * found while they are in use, or after their FIDs were asked for.
 *
 * A mirror has the file's owner and mode, which the kernel checks. Others than root and the owner
 * get that far only where they could also come to the file by its path: that they may know its name
 * isn't enough where a directory on the way is closed to them.
 */
#ifndef LOVFS_VOLUME_HIDDEN_H
#define LOVFS_VOLUME_HIDDEN_H

#include "base/attr.h"

#include <sys/stat.h>
#include <sys/types.h>

struct inode;

/* Looks a name up in a hidden directory, or the hidden directory itself in the root. uid is the
 * caller's. Adds a reference. -ENOENT; -EACCES. */
int MUST_CHECK hidden_lookup(struct inode *parent, const char *name, uid_t uid,
			     struct inode **ret_inode);
/* As inode_attr_get_of_name(). */
int MUST_CHECK hidden_getattr(struct inode *inode, struct stat *ret_st, int *ret_doubt);

#endif
