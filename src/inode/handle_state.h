/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * struct handle, an open file, for the files that open, lock and commit it; all others know it by
 * handle.h.
 */
#ifndef LOVFS_INODE_HANDLE_STATE_H
#define LOVFS_INODE_HANDLE_STATE_H

#include "inode/inode_state.h"

#include <stdbool.h>
#include <stdint.h>

struct handle {
	struct inode *inode; /* a reference; of a mirror as a file: the file's */
	struct file *file;   /* the inode's */
	bool writable;
	bool hidden;        /* opened as .lovfs/mirror/...: another inode of the kernel's */
	bool accesses;      /* its reads set the time of access */
	uint32_t mirror_id; /* FILE_WHOLE, or the one mirror that it is of */
	uint32_t group_gid; /* guarded by inode->lock: held by this handle, 0 = none */
};

#endif
