/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inode/inode_number.h"

#include "base/error.h"
#include "inode/inode.h"
#include "inode/inode_state.h"
#include "inode/volume_state.h"
#include "mdt/numbers.h"

#include <errno.h>

uint64_t inode_number(const struct inode *inode)
{
	return inode->number;
}

bool inode_number_lasts(const struct volume *vol)
{
	return numbers_can_find(vol->mdt);
}

int inode_number_generation(struct inode *inode, uint32_t *ret_generation)
{
	int err = 0;

	if (inode->number == INODE_NUMBER_ROOT || inode->number & INODE_NUMBER_APART) {
		*ret_generation = 0;
		return 0;
	}
	pthread_mutex_lock(&inode->lock);
	if (!inode->have_generation)
		err = numbers_generation(inode->vol->mdt, inode->fd, &inode->generation);
	inode->have_generation = !err;
	if (!err)
		*ret_generation = inode->generation;
	pthread_mutex_unlock(&inode->lock);
	return err ? fail_sys(err, "generation of an inode") : 0;
}

static bool is_reaped(struct inode *inode)
{
	bool reaped;

	pthread_mutex_lock(&inode->lock);
	reaped = inode->reaped;
	pthread_mutex_unlock(&inode->lock);
	return reaped;
}

/*
 * Nobody holds the directory's lock, so the inode may be losing its last name now. Whoever removes
 * it looks for it among the inodes in use after it went to PENDING (reaper_orphan()); here it is
 * there first, and PENDING is looked at then. So one of the two finds out.
 */
static int open_unused(struct volume *vol, uint64_t number, struct inode **ret_inode)
{
	struct inode *inode;
	int fd, err = numbers_find(vol->mdt, number, &fd);

	if (!err)
		err = inode_obtain(vol, fd, &inode);
	if (err)
		return err;
	err = numbers_check_found(vol->mdt, inode->fd);
	if (err)
		inode_forget(inode, 1);
	else
		*ret_inode = inode;
	return err;
}

int inode_number_find(struct volume *vol, uint64_t number, struct inode **ret_inode)
{
	struct inode *inode = vol->root;
	int err = 0;

	if (number & INODE_NUMBER_APART)
		return -ESTALE;
	if (number != INODE_NUMBER_ROOT)
		err = inode_find_used(vol, number, &inode);
	if (err)
		err = open_unused(vol, number, &inode);
	if (err)
		return err;
	if (is_reaped(inode)) {
		inode_forget(inode, 1);
		return -ESTALE;
	}
	*ret_inode = inode;
	return 0;
}

int inode_number_find_parent(struct inode *inode, struct inode **ret_inode)
{
	int fd, err;

	if (inode_is_hidden(inode))
		return -ESTALE;
	if (!S_ISDIR(inode->type))
		return -ENOTDIR;
	err = numbers_find_parent(inode->vol->mdt, inode->fd, &fd);
	return err ? err : inode_obtain(inode->vol, fd, ret_inode);
}
