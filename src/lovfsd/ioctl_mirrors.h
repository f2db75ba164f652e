/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What answers an ioctl (ioctl_ops.c has the table), and the answers about mirrors and copies that
 * follow a file (ioctl_mirrors.c).
 */
#ifndef LOVFS_LOVFSD_IOCTL_MIRRORS_H
#define LOVFS_LOVFSD_IOCTL_MIRRORS_H

#include "base/attr.h"
#include "lovfs_ioctl.h"
#include "lovfsd/session.h"

#include <fuse_lowlevel.h>

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

/*
 * Where data is has changed, what it says has not: the kernel's pages stay right, its idea of the
 * blocks and times doesn't. Takes none of the inode's locks: only pages would.
 */
void ioctl_tell_moved(const struct ioctl_call *c, struct inode *inode);
/* The file with that FID, which took part in a commit, has other data now: its attributes go at once, its pages
 * soon. */
void ioctl_tell_other(const struct ioctl_call *c, struct fid fid);

/* Rows of the table: 0, with the struct filled in, or a negative errno. */
int MUST_CHECK ioctl_follow_begin(const struct ioctl_call *c);
int MUST_CHECK ioctl_follow_next(const struct ioctl_call *c);
int MUST_CHECK ioctl_follow_copied(const struct ioctl_call *c);
int MUST_CHECK ioctl_follow_end(const struct ioctl_call *c);
int MUST_CHECK ioctl_synced(const struct ioctl_call *c);
int MUST_CHECK ioctl_merge(const struct ioctl_call *c);
int MUST_CHECK ioctl_split(const struct ioctl_call *c);
int MUST_CHECK ioctl_component_flags(const struct ioctl_call *c);
int MUST_CHECK ioctl_check_mirror(const struct ioctl_call *c);
int MUST_CHECK ioctl_trouble(const struct ioctl_call *c);

#endif
