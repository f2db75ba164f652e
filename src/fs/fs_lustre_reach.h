/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether mirrors can be reached on Lustre: what the client knows of their OSTs, and what a read of each of their
 * objects gives. An OST that doesn't answer and isn't known to be away lets a read wait, as Lustre does.
 */
#ifndef LOVFS_FS_FS_LUSTRE_REACH_H
#define LOVFS_FS_FS_LUSTRE_REACH_H

#include "fs/fs.h"

/* As fs_ops.mirror_check(). A mirror that is to be written isn't read. Opens the file anew for reading: not while a
 * write lease is held. */
int MUST_CHECK fs_lustre_reach_check(struct fs *fs, int fd, uint32_t mirror_id, bool write);

/* -EBUSY with text, where others than this mirror are in sync, but none can be read. */
int MUST_CHECK fs_lustre_reach_others(struct fs *fs, int fd, uint32_t mirror_id);

/* The same of the mirrors that are usable by layout `then`, which the file is to get. */
int MUST_CHECK fs_lustre_reach_any(struct fs *fs, int fd, const struct layout *then,
				   uint32_t without);

#endif
