/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* struct fs_ops of a mounted lovfs volume: lovfs_ioctl.h and the xattr lustre.lov. */
#ifndef LOVFS_FS_FS_LOVFS_H
#define LOVFS_FS_FS_LOVFS_H

#include "fs/fs.h"

/*
 * Asks the directory root_fd whether it is of a lovfs volume and fills ops, fsname and the counts
 * of *fs. -ENOTTY: it isn't. -EOPNOTSUPP: it is one of another version. Takes nothing over.
 */
int MUST_CHECK fs_lovfs_init(struct fs *fs, int root_fd);

#endif
