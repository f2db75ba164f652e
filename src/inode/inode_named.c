/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inode/inode_named.h"

#include "inode/inode.h"
#include "inode/inode_state.h"
#include "inode/volume_state.h"

static bool is_named_locked(const struct volume *vol, const struct inode *inode)
{
	for (size_t i = 0; i < ARRAY_SIZE(vol->named); i++) {
		if (vol->named[i] == inode)
			return true;
	}
	return false;
}

void inode_named(struct inode *inode)
{
	struct volume *vol = inode->vol;
	struct inode *file = inode->target ? inode->target : inode, *oldest = NULL;

	if (!inode_is_regular(file))
		return;
	pthread_mutex_lock(&vol->table_lock);
	if (!is_named_locked(vol, file)) {
		file->refs++;
		oldest = vol->named[vol->next_named];
		vol->named[vol->next_named] = file;
		vol->next_named = (vol->next_named + 1) % VOLUME_NAMED_MAX;
	}
	pthread_mutex_unlock(&vol->table_lock);
	if (oldest)
		inode_forget(oldest, 1);
}
