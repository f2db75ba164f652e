/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The members of struct fs_ops that are about mirrors and about following, on a mounted lovfs volume: see
 * there. */
#ifndef LOVFS_FS_FS_LOVFS_MIRROR_H
#define LOVFS_FS_FS_LOVFS_MIRROR_H

#include "fs/fs.h"

int fs_lovfs_mirror_follow_begin(struct fs *fs, int fd, const struct fs_follow *req);
int fs_lovfs_mirror_follow_next(struct fs *fs, int fd, uint32_t mirror_id, uint64_t from,
				uint64_t max_bytes, struct fs_changes *ret_changes);
int fs_lovfs_mirror_follow_copied(struct fs *fs, int fd, uint32_t mirror_id,
				  const struct fs_range *range);
void fs_lovfs_mirror_follow_end(struct fs *fs, int fd);

int fs_lovfs_mirror_open(struct fs *fs, int fd, uint32_t mirror_id, int flags, int *ret_fd);
int fs_lovfs_mirror_synced(struct fs *fs, int fd, const uint32_t *mirror_ids, unsigned int count);
int fs_lovfs_mirror_merge(struct fs *fs, int fd, const struct fs_merge *req);
int fs_lovfs_mirror_check(struct fs *fs, int fd, uint32_t mirror_id, bool write);
int fs_lovfs_mirror_split(struct fs *fs, int fd, uint32_t mirror_id, int target_fd, bool force);
int fs_lovfs_mirror_component_flags(struct fs *fs, int fd, uint32_t id, uint32_t set,
				    uint32_t clear);

#endif
