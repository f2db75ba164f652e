/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inode/group_lock.h"

#include "base/error.h"
#include "inode/follow_state.h"
#include "inode/handle_state.h"
#include "inode/inode_state.h"
#include "inode/park.h"

#include <errno.h>

bool group_lock_holds_back(struct inode *inode, const struct handle *h)
{
	bool held;

	pthread_mutex_lock(&inode->lock);
	held = inode->group_gid != 0 && (!h || h->group_gid != inode->group_gid);
	pthread_mutex_unlock(&inode->lock);
	return held;
}

static int lock_locked(struct handle *h, uint32_t gid)
{
	struct inode *inode = h->inode;

	if (h->group_gid)
		return fail(-EINVAL, "the descriptor holds group lock %u already", h->group_gid);
	if (inode->group_gid && inode->group_gid != gid)
		return fail(-EBUSY, "group lock %u is held on the file", inode->group_gid);
	inode->group_gid = h->group_gid = gid;
	inode->group_holders++;
	return 0;
}

int group_lock_take(struct handle *h, uint32_t gid)
{
	int err;

	if (gid == 0)
		return fail(-EINVAL, "a group lock's number can't be 0");
	if (!h->writable)
		return fail(-EBADF, "a group lock needs a descriptor that is open for writing");
	/* Who follows the file takes the lock for a commit that makes it durable: most of it is made so
	 * now, while writers don't wait. */
	err = follow_state_makes_mirrors(h) ? file_sync(h->file, FILE_WHOLE, false) : 0;
	if (err)
		return err;
	pthread_mutex_lock(&h->inode->lock);
	err = lock_locked(h, gid);
	pthread_mutex_unlock(&h->inode->lock);
	if (err)
		return err;
	/* Writes that were under way have ended when a commit could begin. */
	file_commit_begin(h->file);
	file_commit_end(h->file);
	return 0;
}

/* The requests to be woken, when h was the last holder. */
static struct parked *unlock_locked(struct handle *h)
{
	struct inode *inode = h->inode;

	h->group_gid = 0;
	if (--inode->group_holders > 0)
		return NULL;
	inode->group_gid = 0;
	return park_take_locked(inode);
}

void group_lock_drop(struct handle *h)
{
	struct parked *waiting = NULL;

	pthread_mutex_lock(&h->inode->lock);
	if (h->group_gid)
		waiting = unlock_locked(h);
	pthread_mutex_unlock(&h->inode->lock);
	park_wake(waiting);
}

int group_lock_release(struct handle *h, uint32_t gid)
{
	bool mine;

	pthread_mutex_lock(&h->inode->lock);
	mine = gid != 0 && h->group_gid == gid;
	pthread_mutex_unlock(&h->inode->lock);
	if (!mine)
		return fail(-EINVAL, "the descriptor doesn't hold group lock %u", gid);
	group_lock_drop(h);
	return 0;
}
