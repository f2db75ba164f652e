/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One ioctl that is being answered: what the files that answer them have in common. */
#ifndef LOVFS_LOVFSD_IOCTL_CALL_H
#define LOVFS_LOVFSD_IOCTL_CALL_H

#include "lovfs_ioctl.h"

#include <fuse_lowlevel.h>

struct handle;
struct inode;
struct session;

/* The largest struct of the ABI; fits the stack of a thread. */
union ioctl_data {
	struct lovfs_ioc_info info;
	struct lovfs_ioc_target target;
	struct lovfs_ioc_pool pool;
	struct lovfs_ioc_fid fid;
	struct lovfs_ioc_data_version data_version;
	struct lovfs_ioc_group_lock group_lock;
	struct lovfs_ioc_lease lease;
	struct lovfs_ioc_swap swap;
	struct lovfs_ioc_moved moved;
	struct lovfs_ioc_choice choice;
	struct lovfs_ioc_follow follow;
	struct lovfs_ioc_follow_next follow_next;
	struct lovfs_ioc_follow_copied follow_copied;
	struct lovfs_ioc_synced synced;
	struct lovfs_ioc_merge merge;
	struct lovfs_ioc_split split;
	struct lovfs_ioc_component_flags component_flags;
	struct lovfs_ioc_check_mirror check_mirror;
	struct lovfs_ioc_trouble trouble;
};

struct ioctl_call {
	struct session *s;
	fuse_req_t req;
	struct inode *inode;
	struct handle *h; /* NULL: a directory */
	union ioctl_data *data;
};

#endif
