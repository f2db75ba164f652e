/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an inode in use stands for. */
#ifndef LOVFS_INODE_INODE_KIND_H
#define LOVFS_INODE_INODE_KIND_H

enum inode_kind {
	INODE_MDT,            /* has an inode on the MDT */
	INODE_HIDDEN_ROOT,    /* .lovfs */
	INODE_HIDDEN_MIRRORS, /* .lovfs/mirror */
	INODE_HIDDEN_FILE,    /* .lovfs/mirror/<FID> */
	INODE_MIRROR,         /* .lovfs/mirror/<FID>/<mirror id> */
};

#endif
