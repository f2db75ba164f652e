/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the double asks of lovfs. All return 0 (or what they say) or a negative errno. */
#ifndef LOVFS_H
#define LOVFS_H

#include "lovfs_ioctl.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

int lovfs_ioctl(int fd, unsigned long request, void *arg);

int lovfs_fid(int fd, struct lovfs_ioc_fid *ret_fid);
int lovfs_data_version(int fd, struct lovfs_ioc_data_version *ret_version);

/* LOVFS_LEASE_*, 0 also where that can't be asked. */
uint32_t lovfs_lease(int fd);
int lovfs_lease_get(int fd, uint32_t mode);
void lovfs_lease_put(int fd);

int lovfs_swap(int fd, int victim_fd, uint32_t flags, uint64_t file_version);
int lovfs_merge(int fd, int victim_fd);
int lovfs_split(int fd, int target_fd, uint32_t mirror_id);
int lovfs_component_flags(int fd, uint32_t id, uint32_t set, uint32_t clear);

int lovfs_follow_begin(int fd, const uint32_t *mirror_ids, unsigned int count);
void lovfs_follow_end(int fd);
/* Everything that the mirror lacks is said to have been copied. */
int lovfs_all_copied(int fd, uint32_t mirror_id);
int lovfs_synced(int fd, const uint32_t *mirror_ids, unsigned int count);

/* Mirror 0: the whole file by its second inode. A descriptor out of the program's way. */
int lovfs_open_mirror(const struct lovfs_ioc_fid *fid, uint32_t id, int flags);

/* A new file without a name, out of the program's way. */
int lovfs_open_victim(void);

/* The layout's bytes, of the file's own inode at `path`. */
ssize_t lovfs_layout(const char *path, void *buf, size_t size);

#endif
