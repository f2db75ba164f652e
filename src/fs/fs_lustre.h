/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * struct fs_ops of a Lustre client: the kernel's own interface, so that one program runs with and without
 * Lustre. Eight ioctls and the xattr lustre.lov; what they are is in fs_lustre.c, and what is true of
 * them in docs/lustre.md. Clients from 2.12 on.
 */
#ifndef LOVFS_FS_FS_LUSTRE_H
#define LOVFS_FS_FS_LUSTRE_H

#include "fs/fs.h"

#define FS_LUSTRE_MAGIC 0x0BD00BD0 /* statfs(2).f_type */

/*
 * Fills *fs but for root_fd, which is of a directory of the mount, and is borrowed. fs->dev is set. Asks
 * for the mount's name and its targets; what can't be found out there isn't known afterwards.
 */
int MUST_CHECK fs_lustre_init(struct fs *fs, int root_fd);

#endif
