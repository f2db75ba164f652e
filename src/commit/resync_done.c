/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "commit/resync_done.h"

#include "base/error.h"
#include "base/log.h"
#include "commit/mirror_maps.h"
#include "commit/mirror_state.h"
#include "commit/truncate.h"
#include "file/dirty_map.h"
#include "inode/follow_state.h"
#include "inode/handle_state.h"
#include "inode/inode_state.h"
#include "layout/mirror_change.h"

#include <errno.h>
#include <inttypes.h>

static int check_followed(struct handle *h, const uint32_t *ids, unsigned int count)
{
	if (count == 0 || count > LAYOUT_MIRRORS_MAX)
		return fail(-EINVAL, "%u mirrors given, 1 to %u are possible", count,
			    LAYOUT_MIRRORS_MAX);
	for (unsigned int i = 0; i < count; i++) {
		for (unsigned int k = 0; k < i; k++) {
			if (ids[i] == ids[k])
				return fail(-EINVAL, "mirror %" PRIu32 ": given twice", ids[i]);
		}
		if (ids[i] == FILE_WHOLE || !follow_state_is_by(h, ids[i]))
			return fail(-EINVAL, "mirror %" PRIu32 ": the descriptor doesn't follow it",
				    ids[i]);
	}
	return 0;
}

/* Size of the mirror's objects, which would otherwise become the file's. */
static int finish_mirror(struct handle *h, uint32_t id, uint64_t size_bytes)
{
	struct file_attr attr;
	int err = file_stat(h->file, id, &attr);

	if (!err && attr.size_bytes != size_bytes)
		err = truncate_objects(h->inode, id, size_bytes);
	return err ? err : file_sync(h->file, id, false);
}

static int finish_mirrors(struct handle *h, const uint32_t *ids, unsigned int count)
{
	struct file_attr attr;
	int err = file_stat(h->file, FILE_WHOLE, &attr);

	if (!err && !attr.complete)
		err = file_size_unknown(h->file, FILE_WHOLE, "the file's size");
	for (unsigned int i = 0; !err && i < count; i++)
		err = finish_mirror(h, ids[i], attr.size_bytes);
	return err ? err : file_sync(h->file, FILE_WHOLE, false);
}

static int check_clean(struct handle *h, const uint32_t *ids, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		struct dirty_map *map = file_follower(h->file, ids[i]);

		if (!map || !dirty_map_is_clean(map))
			return fail(-EAGAIN, "mirror %" PRIu32 ": the file was written meanwhile",
				    ids[i]);
	}
	return 0;
}

/* The moment in which writers wait: looking at the maps, and one xattr made durable. */
static int commit_held(struct handle *h, const uint32_t *ids, unsigned int count,
		       const struct layout *before, const struct layout *now)
{
	int err = check_clean(h, ids, count);

	if (!err)
		err = mirror_state_store(h->inode, before, now);
	if (err)
		return err;
	file_commit_set(h->file, now);
	for (unsigned int i = 0; i < count; i++) {
		if (file_commit_follow(h->file, ids[i], NULL))
			log_debug("mirror %" PRIu32 ": its map goes on following", ids[i]);
	}
	return 0;
}

static int commit_locked(struct handle *h, const uint32_t *ids, unsigned int count)
{
	CLEANUP_LAYOUT struct layout *before = file_layout(h->file), *now = NULL;
	int err = check_followed(h, ids, count); /* also since we have the lock */

	if (!err)
		err = mirror_change_synced(before, ids, count, &now);
	if (err)
		return err;
	file_commit_begin(h->file);
	err = commit_held(h, ids, count, before, now);
	file_commit_end(h->file);
	if (err)
		return err;
	for (unsigned int i = 0; i < count; i++) {
		mirror_maps_forget(h->inode, h->file, ids[i]);
		follow_state_remove_mirror(h, ids[i]);
	}
	return 0;
}

int resync_done_commit(struct handle *h, const uint32_t *mirror_ids, unsigned int count)
{
	int err = check_followed(h, mirror_ids, count);

	if (!err)
		err = finish_mirrors(h, mirror_ids, count);
	if (err)
		return err;
	pthread_mutex_lock(&h->inode->commit_lock);
	err = commit_locked(h, mirror_ids, count);
	pthread_mutex_unlock(&h->inode->commit_lock);
	return err;
}
