/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a file system is mounted: /proc/self/mountinfo, proc(5). */
#ifndef LOVFS_FS_MOUNTPOINT_H
#define LOVFS_FS_MOUNTPOINT_H

#include "base/attr.h"

#include <stddef.h>
#include <sys/types.h>

/*
 * Opens the top directory of the file system whose files have st_dev `dev` and writes its mount
 * point to `path`. Mounts of the file system's own root are preferred; a bind mount of one of its
 * directories is the second choice. Mounts that can't be reached (covered by another, or no
 * permission) are passed over. -ENOENT: none is left. The caller owns the descriptor.
 */
int MUST_CHECK mountpoint_open(dev_t dev, char *path, size_t size, int *ret_fd);

/* What is mounted there, as mount(8) shows it: "10.0.0.1@tcp:/fsname". -ENOENT. */
int MUST_CHECK mountpoint_source(dev_t dev, char *source, size_t size);

/*
 * Calls fn with the mount point of each file system of that type ("fuse.lovfs"), bind mounts left
 * out, until it returns something else than 0, which is returned.
 */
int MUST_CHECK mountpoint_for_each(const char *type, int (*fn)(const char *path, void *cookie),
				   void *cookie);

#endif
