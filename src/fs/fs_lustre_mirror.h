/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mirrors of a file on Lustre: what struct fs_ops says of mirror_open, merge and split. */
#ifndef LOVFS_FS_FS_LUSTRE_MIRROR_H
#define LOVFS_FS_FS_LUSTRE_MIRROR_H

#include "fs/fs.h"

int MUST_CHECK fs_lustre_mirror_open(const struct fs *fs, int fd, uint32_t mirror_id, int flags,
				     int *ret_fd);
int MUST_CHECK fs_lustre_mirror_merge(int fd, const struct fs_merge *req);
int MUST_CHECK fs_lustre_mirror_split(int fd, uint32_t mirror_id, int target_fd);

#endif
