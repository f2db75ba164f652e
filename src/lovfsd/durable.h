/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What must be on disk before an operation is answered, besides what every commit makes durable by
 * itself: by the mount options sync and dirsync, and by O_SYNC and O_DSYNC.
 *
 *   dirsync  names: their directories, and the inode that a name was given to or taken from
 *   sync     that too, and data and attributes that were changed
 *   O_SYNC, O_DSYNC  of a descriptor, and RWF_SYNC, RWF_DSYNC of one write: what it changed. Of writes
 *            that it waits for the kernel takes care, by an fsync
 *
 * All return 0, or an error that is to be answered although the change has been made: as on other file
 * systems nobody knows then whether it will last.
 */
#ifndef LOVFS_LOVFSD_DURABLE_H
#define LOVFS_LOVFSD_DURABLE_H

#include "lovfsd/session.h"

/* A name of `inode` in `dir` was added or taken away. inode may be NULL: it has no name left, or its
 * own attributes haven't changed. */
int MUST_CHECK durable_name(const struct session *s, struct inode *dir, struct inode *inode);

/* Something of the inode was changed without a descriptor; with_data: its data too. */
int MUST_CHECK durable_inode(const struct session *s, struct inode *inode, bool with_data);

/* Data of an open file was changed; flags: of the write, or of open(2). */
int MUST_CHECK durable_data(const struct session *s, struct handle *h, int flags);

#endif
