/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Component flags of a file on Lustre: the xattr lustre.lov.set.flags, whose value is a composite header
 * with an entry for each change, of which the server reads ids and flags. Source: lod_declare_layout_set().
 */
#ifndef LOVFS_FS_FS_LUSTRE_FLAGS_H
#define LOVFS_FS_FS_LUSTRE_FLAGS_H

#include "fs/fs.h"

/* As struct fs_ops.component_flags. */
int MUST_CHECK fs_lustre_flags_set(struct fs *fs, int fd, uint32_t id, uint32_t set,
				   uint32_t clear);

#endif
