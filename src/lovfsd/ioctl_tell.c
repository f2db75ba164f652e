/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lovfsd/ioctl_tell.h"

#include "inode/inode.h"
#include "inode/inode_number.h"
#include "lovfsd/pages.h"
#include "lovfsd/session.h"

void ioctl_tell_moved(const struct ioctl_call *c, struct inode *inode)
{
	fuse_lowlevel_notify_inval_inode(c->s->fuse, inode_number(inode), -1, 0);
}

void ioctl_tell_other(const struct ioctl_call *c, struct fid fid)
{
	struct inode *inode;

	if (inode_find(c->s->volume, fid, &inode))
		return;
	ioctl_tell_moved(c, inode);
	pages_drop_all(c->s->pages, inode);
	inode_forget(inode, 1);
}
