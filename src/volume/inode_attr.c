/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume/inode_attr.h"

#include "base/error.h"
#include "base/sys.h"
#include "inode/group_lock.h"
#include "inode/inode.h"
#include "inode/inode_state.h"
#include "inode/park.h"
#include "inode/saved_attr.h"
#include "inode/volume_state.h"
#include "mdt/ea.h"
#include "volume/handle.h"
#include "volume/hidden.h"
#include "volume/stat.h"

#include <errno.h>
#include <fcntl.h>

int inode_attr_get_of_name(struct inode *inode, struct stat *ret_st, int *ret_doubt)
{
	return inode_is_hidden(inode) ? hidden_getattr(inode, ret_st, ret_doubt)
				      : stat_inode(inode, ret_st, ret_doubt);
}

int inode_attr_get(struct inode *inode, struct stat *ret_st)
{
	struct stat st;
	int doubt, err = inode_attr_get_of_name(inode, &st, &doubt);

	if (!err)
		err = doubt;
	if (!err)
		*ret_st = st;
	return err;
}

static int set_times(struct inode *inode, const struct timespec times[2])
{
	if (times[0].tv_nsec == UTIME_OMIT && times[1].tv_nsec == UTIME_OMIT)
		return 0;
	return inode_is_regular(inode) ? saved_attr_set_times(inode, times)
				       : sys_utimens_fd(inode->fd, times);
}

/* As an open file, so that it isn't destroyed meanwhile: a path may have led to a file that has lost
 * its name since (or /proc/self/fd to one that isn't open). */
static int set_size(struct inode *inode, uint64_t size_bytes)
{
	struct handle *h;
	int err;

	if (!inode_is_regular(inode))
		return -EISDIR;
	if (group_lock_holds_back(inode, NULL))
		return PARK_REQUEST;
	err = handle_open(inode, O_WRONLY, &h); /* breaks leases */
	if (err)
		return err;
	err = handle_truncate(h, size_bytes);
	handle_release(h);
	return err;
}

int inode_attr_set(struct inode *inode, const struct attr_change *a)
{
	int err = 0;

	if (inode_is_hidden(inode))
		return -EPERM;
	/* Size first: it may be held back, and then nothing must have been done. Owner before mode:
	 * it clears set-id bits. */
	if (a->set_size)
		err = set_size(inode, a->size_bytes);
	if (!err && (a->set_uid || a->set_gid))
		err = sys_chown_fd(inode->fd, a->set_uid ? a->uid : (uid_t)-1,
				   a->set_gid ? a->gid : (gid_t)-1);
	if (!err && a->set_mode)
		err = ea_chmod(inode->vol->mdt, inode->fd, a->mode);
	if (!err)
		err = set_times(inode, a->times);
	return err;
}
