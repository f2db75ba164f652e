/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* struct fs_ops of a Lustre client. What is true of Lustre is in docs/lustre.md. */
#ifndef LOVFS_FS_FS_LUSTRE_OPS_H
#define LOVFS_FS_FS_LUSTRE_OPS_H

#include "fs/fs.h"

/*
 * Fills *fs but for root_fd and dev, of which dev is set before. Asks
 * for the mount's name and its targets; what can't be found out there isn't known afterwards.
 */
int MUST_CHECK fs_lustre_ops_init(struct fs *fs);

#endif
