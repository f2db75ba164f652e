/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume/follow_session.h"

#include "base/error.h"
#include "base/log.h"
#include "commit/mirror_state.h"
#include "inode/follow_state.h"
#include "inode/handle_state.h"
#include "inode/inode.h"
#include "inode/inode_state.h"
#include "inode/volume_state.h"
#include "layout/mirror_change.h"

#include <errno.h>
#include <inttypes.h>

bool follow_session_has_victim(struct handle *h, struct fid fid)
{
	struct inode *victim;
	bool is;

	if (inode_find(h->inode->vol, fid, &victim))
		return false;
	pthread_mutex_lock(&victim->lock);
	is = victim->follows == h->inode;
	pthread_mutex_unlock(&victim->lock);
	inode_forget(victim, 1);
	return is;
}

/* ---- ending ---- */

/* "sp" no longer. Where that can't be stored it is as harmless as after a crash. */
static void settle_state(struct inode *inode, struct file *f)
{
	CLEANUP_LAYOUT struct layout *before = file_layout(f), *now = NULL;
	char text[FID_TEXT_MAX];
	int err = mirror_change_end_resync(before, &now);

	if (!err && now != before)
		err = mirror_state_set(inode, f, now);
	if (err)
		log_warning("%s: its state stays \"sp\": %s", fid_text(file_fid(f), text),
			    error_text(err));
}

static void give_back(struct file *f, const struct follow *w)
{
	int err = 0;

	file_commit_begin(f);
	for (unsigned int i = 0; i < w->mirror_count; i++) {
		struct dirty_map *map = file_follower(f, w->mirror_ids[i]);

		if (map)
			dirty_map_give_back(map);
	}
	if (w->victim_count)
		err = file_commit_follow(f, FILE_WHOLE, NULL);
	file_commit_end(f);
	if (err)
		log_warning("a map of no use goes on following: %s", error_text(err));
}

/* What h follows by, no longer known to anybody else; NULL: nothing. */
static struct follow *take_locked(struct handle *h)
{
	struct follow *w;

	pthread_mutex_lock(&h->inode->lock);
	w = h->inode->follow;
	if (w && w->h == h)
		h->inode->follow = NULL;
	else
		w = NULL;
	pthread_mutex_unlock(&h->inode->lock);
	return w;
}

static struct follow *end_locked(struct handle *h)
{
	struct follow *w = take_locked(h);

	if (!w)
		return NULL;
	for (unsigned int i = 0; i < w->victim_count; i++)
		follow_state_set_file(w->victims[i], NULL);
	give_back(h->file, w);
	if (!w->victim_count)
		settle_state(h->inode, h->file);
	return w;
}

static bool follows_something(struct handle *h)
{
	bool follows;

	pthread_mutex_lock(&h->inode->lock);
	follows = h->inode->follow && h->inode->follow->h == h;
	pthread_mutex_unlock(&h->inode->lock);
	return follows;
}

void follow_session_end(struct handle *h)
{
	struct follow *w;

	if (!follows_something(h))
		return;
	pthread_mutex_lock(&h->inode->commit_lock);
	w = end_locked(h);
	pthread_mutex_unlock(&h->inode->commit_lock);
	follow_state_free(w);
}

/* ---- in between ---- */

static int not_followed(uint32_t mirror_id)
{
	if (mirror_id == FILE_WHOLE)
		return fail(-EINVAL, "the descriptor has no victims follow");
	return fail(-EINVAL, "mirror %" PRIu32 ": the descriptor doesn't follow it", mirror_id);
}

/* Takes ranges one after the other; a tail is the last. */
static unsigned int take(struct dirty_map *map, uint64_t from, uint64_t max_bytes, uint64_t size,
			 struct dirty_range *ranges, unsigned int max_count)
{
	unsigned int count = 0;
	bool tail = false;

	while (count < max_count && max_bytes && !tail &&
	       dirty_map_take(map, from, max_bytes, size, &ranges[count])) {
		const struct dirty_range *r = &ranges[count++];

		max_bytes -= MIN_OF(max_bytes, r->end - r->start);
		from = r->end;
		tail = r->tail;
	}
	return count;
}

struct follow_take {
	uint32_t mirror_id;
	uint64_t from, max_bytes;
	struct dirty_range *ranges;
	unsigned int max_count, count;
	uint64_t left_bytes, size_bytes;
};

/* The commit is held: no change is under way, and the size is what it is. */
static int next_held(struct handle *h, struct follow_take *t)
{
	struct dirty_map *map = file_follower(h->file, t->mirror_id);
	struct file_attr attr;
	int err;

	if (!map || !follow_state_is_by(h, t->mirror_id))
		return not_followed(t->mirror_id);
	err = file_stat_layout(&h->inode->vol->osts, file_commit_layout(h->file), &attr);
	if (!err && !attr.complete)
		err = fail(-EIO, "the file's size isn't known: an OST is inactive");
	if (err)
		return err;
	t->count = take(map, t->from, t->max_bytes, attr.size_bytes, t->ranges, t->max_count);
	t->left_bytes = dirty_map_dirty_bytes(map, attr.size_bytes);
	t->size_bytes = attr.size_bytes;
	return 0;
}

int follow_session_next(struct handle *h, uint32_t mirror_id, uint64_t from, uint64_t max_bytes,
			struct dirty_range *ret_ranges, unsigned int max_count,
			unsigned int *ret_count, uint64_t *ret_left_bytes, uint64_t *ret_size_bytes)
{
	struct follow_take t = { .mirror_id = mirror_id,
				 .from = from,
				 .max_bytes = max_bytes,
				 .ranges = ret_ranges,
				 .max_count = max_count };
	int err;

	if (max_bytes == 0)
		return fail(-EINVAL, "no bytes asked for");
	file_commit_begin(h->file);
	err = next_held(h, &t);
	file_commit_end(h->file);
	if (err)
		return err;
	*ret_count = t.count;
	*ret_left_bytes = t.left_bytes;
	*ret_size_bytes = t.size_bytes;
	return 0;
}

static int copied_locked(struct handle *h, uint32_t mirror_id, const struct dirty_range *range)
{
	struct dirty_map *map = file_follower(h->file, mirror_id);

	if (!map || !follow_state_is_by(h, mirror_id))
		return not_followed(mirror_id);
	return dirty_map_copied(map, range);
}

int follow_session_copied(struct handle *h, uint32_t mirror_id, const struct dirty_range *range)
{
	int err;

	if (mirror_id == FILE_WHOLE)
		return fail(-EINVAL, "what was copied is known of mirrors only");
	if (range->start > range->end || range->end > INT64_MAX)
		return fail(-EINVAL, "such a range wasn't given");
	pthread_mutex_lock(&h->inode->commit_lock);
	err = copied_locked(h, mirror_id, range);
	pthread_mutex_unlock(&h->inode->commit_lock);
	return err;
}
