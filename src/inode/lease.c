/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inode/lease.h"

#include "base/error.h"
#include "inode/handle_state.h"
#include "inode/inode_state.h"
#include "lovfs_ioctl.h"

#include <errno.h>

static int get_locked(struct handle *h, uint32_t mode)
{
	struct inode *inode = h->inode;
	unsigned int others =
		mode == LOVFS_LEASE_READ ? inode->writers - h->writable : inode->opens - 1;

	/* Or any reader could keep the owner from working on his file. */
	if (!h->writable)
		return fail(-EBADF, "a lease needs a descriptor that is open for writing");
	if (h->mirror_id != FILE_WHOLE)
		return fail(-EINVAL, "a lease is on a file, not on one mirror");
	if (inode->lease_holder && inode->lease_holder != h)
		return fail(-EBUSY, "somebody else has a lease on the file");
	if (others)
		return fail(-EBUSY, "the file is open elsewhere (%u times)", others);
	inode->lease_holder = h;
	inode->lease_mode = mode;
	return 0;
}

int lease_take(struct handle *h, uint32_t mode)
{
	int err;

	if (mode != LOVFS_LEASE_READ && mode != LOVFS_LEASE_WRITE)
		return fail(-EINVAL, "there is no lease of mode %u", mode);
	pthread_mutex_lock(&h->inode->lock);
	err = get_locked(h, mode);
	pthread_mutex_unlock(&h->inode->lock);
	return err;
}

uint32_t lease_held(struct handle *h)
{
	uint32_t mode;

	pthread_mutex_lock(&h->inode->lock);
	mode = h->inode->lease_holder == h ? h->inode->lease_mode : LOVFS_LEASE_NONE;
	pthread_mutex_unlock(&h->inode->lock);
	return mode;
}

void lease_drop(struct handle *h)
{
	pthread_mutex_lock(&h->inode->lock);
	if (h->inode->lease_holder == h)
		h->inode->lease_holder = NULL;
	pthread_mutex_unlock(&h->inode->lock);
}

void lease_break_locked(struct inode *inode, const struct handle *h)
{
	if (inode->lease_holder != h)
		inode->lease_holder = NULL;
}
