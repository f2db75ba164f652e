/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "commit/mirror_maps.h"

#include "base/error.h"
#include "base/log.h"
#include "file/dirty_map.h"
#include "inode/inode_state.h"
#include "inode/volume_state.h"
#include "layout/mirror_change.h"
#include "mdt/dirty_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static struct dirty_map_id map_id(struct file *f, const struct layout *l, uint32_t mirror_id)
{
	return (struct dirty_map_id){ .file = file_fid(f),
				      .mirror_id = mirror_id,
				      .generation = mirror_change_stale_gen(l, mirror_id) };
}

static bool is_stale(const struct layout *l, uint32_t mirror_id)
{
	return mirror_flags(l, mirror_id) & COMP_STALE;
}

static int set_follower(struct file *f, uint32_t mirror_id, struct dirty_map *map)
{
	int err;

	file_commit_begin(f);
	err = file_commit_follow(f, mirror_id, map);
	file_commit_end(f);
	return err;
}

static void log_whole(struct file *f, uint32_t mirror_id, int err)
{
	char reason[ERROR_TEXT_MAX], text[FID_TEXT_MAX];

	snprintf(reason, sizeof(reason), "%s",
		 err == -ENOENT ? "what has changed isn't known" : error_text(err));
	log_warning("%s: mirror %" PRIu32 ": %s: all of it counts as out of date",
		    fid_text(file_fid(f), text), mirror_id, reason);
}

int mirror_maps_new(struct inode *inode, struct file *f, const struct layout *l, uint32_t mirror_id,
		    bool whole)
{
	struct dirty_map_id id = map_id(f, l, mirror_id);
	struct dirty_map *map;
	int fd = dirty_file_create(inode->vol->mdt, id.file, mirror_id);
	int err = fd < 0 ? fd : dirty_map_create(fd, &id, whole, &map);

	if (err) {
		log_whole(f, mirror_id, err);
		err = dirty_file_remove(inode->vol->mdt, id.file, mirror_id);
		if (!err)
			err = dirty_map_new(true, &map);
	}
	return err ? err : set_follower(f, mirror_id, map);
}

void mirror_maps_forget(struct inode *inode, struct file *f, uint32_t mirror_id)
{
	char text[FID_TEXT_MAX];
	int err = set_follower(f, mirror_id, NULL);

	/* One that stays is of a generation that won't come again. */
	if (!err)
		err = dirty_file_remove(inode->vol->mdt, file_fid(f), mirror_id);
	if (err)
		log_warning("%s: mirror %" PRIu32 ": its dirty map stays: %s",
			    fid_text(file_fid(f), text), mirror_id, error_text(err));
}

static int open_map(struct inode *inode, const struct dirty_map_id *id, struct dirty_map **ret_map)
{
	int fd;

	/* Components that became stale at different times: by other hands than ours. */
	if (id->generation == 0)
		return -ENOENT;
	fd = dirty_file_open(inode->vol->mdt, id->file, id->mirror_id);
	return fd < 0 ? fd : dirty_map_load(fd, id, ret_map);
}

static int load_map(struct inode *inode, struct file *f, const struct layout *l, uint32_t mirror_id)
{
	struct dirty_map_id id = map_id(f, l, mirror_id);
	struct dirty_map *map;
	int err = open_map(inode, &id, &map);

	if (!err)
		return set_follower(f, mirror_id, map);
	if (err == -ENOMEM || err == -EMFILE || err == -ENFILE) /* it may well be right */
		return err;
	log_whole(f, mirror_id, err);
	return mirror_maps_new(inode, f, l, mirror_id, true);
}

int mirror_maps_load_locked(struct inode *inode, struct file *f)
{
	CLEANUP_LAYOUT struct layout *l = file_layout(f);
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	unsigned int count = mirror_ids(l, ids);
	int err = 0;

	for (unsigned int i = 0; !err && i < count; i++) {
		if (is_stale(l, ids[i]) && !file_follower(f, ids[i]))
			err = load_map(inode, f, l, ids[i]);
	}
	return err;
}

static bool any_stale(const struct layout *l)
{
	for (uint32_t i = 0; l && l->mirror_count > 1 && i < l->count; i++) {
		if (l->comps[i].flags & COMP_STALE)
			return true;
	}
	return false;
}

/* Looks first without the lock: a mirror that becomes stale from now on gets its map with that. */
int mirror_maps_load(struct inode *inode, struct file *f)
{
	CLEANUP_LAYOUT struct layout *l = file_layout(f);
	int err;

	if (!any_stale(l))
		return 0;
	pthread_mutex_lock(&inode->commit_lock);
	err = mirror_maps_load_locked(inode, f);
	pthread_mutex_unlock(&inode->commit_lock);
	return err;
}

static void drop_locked(struct file *f, const struct layout *l)
{
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	unsigned int count = mirror_ids(l, ids);
	int err = 0;

	file_commit_begin(f);
	for (unsigned int i = 0; !err && i < count; i++)
		err = file_commit_follow(f, ids[i], NULL);
	file_commit_end(f);
}

/* Whoever opens the file for writing is counted first and loads then: it isn't unused, or it waits. */
void mirror_maps_drop(struct inode *inode, struct file *f)
{
	CLEANUP_LAYOUT struct layout *l = file_layout(f);
	bool unused;

	if (!any_stale(l))
		return;
	pthread_mutex_lock(&inode->commit_lock);
	pthread_mutex_lock(&inode->lock);
	unused = inode->opens == 0;
	pthread_mutex_unlock(&inode->lock);
	if (unused)
		drop_locked(f, l);
	pthread_mutex_unlock(&inode->commit_lock);
}
