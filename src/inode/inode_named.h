/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files that were named by their FIDs last: they stay in use. Any thread may call.
 */
#ifndef LOVFS_INODE_INODE_NAMED_H
#define LOVFS_INODE_INODE_NAMED_H

struct inode;

/* The FID of a regular file was given to somebody, who may use it as a name in .lovfs/mirror: the
 * file stays in use until 64 others were asked for. */
void inode_named(struct inode *inode);

#endif
