/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The OSTs and OST pools of a Lustre client, as its kernel modules show them in small files: what
 * `lctl get_param lov.*.numobd osc.*.kbytesfree lov.*.pools.*` reads.
 *
 * A client can have several mounts: those of a file system are found by its fsname. Any thread.
 */
#ifndef LOVFS_FS_FS_LUSTRE_TARGETS_H
#define LOVFS_FS_FS_LUSTRE_TARGETS_H

#include "fs/fs.h"

/* How many OSTs there are, as the largest index and one; 0: not known. */
uint32_t fs_lustre_targets_count(const char *fsname);

/* What a layout that leaves its stripe size (bytes) or count open gets; 0: not known. */
void fs_lustre_targets_default(const char *fsname, uint32_t *ret_stripe_size,
			       uint16_t *ret_stripe_count);

/* -ENODEV: no such index. FS_TARGET_MDT: the first MDT. With text. */
int MUST_CHECK fs_lustre_targets_get(const char *fsname, uint32_t index,
				     struct fs_target *ret_target);

/* Number `position` of the pools. -ENODEV: no more, or they can't be read; *ret_known tells which. */
int MUST_CHECK fs_lustre_targets_pool(const char *fsname, uint32_t position,
				      struct fs_pool *ret_pool, bool *ret_known);

#endif
