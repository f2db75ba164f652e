/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "commit/mirror_state.h"

#include "base/error.h"
#include "base/log.h"
#include "commit/mirror_guard.h"
#include "commit/mirror_maps.h"
#include "file/dirty_map.h"
#include "inode/handle_state.h"
#include "inode/inode.h"
#include "inode/inode_state.h"
#include "inode/volume_state.h"
#include "layout/mirror_change.h"
#include "mdt/layout_ea.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static void set_in_memory(struct file *f, const struct layout *l)
{
	file_commit_begin(f);
	file_commit_set(f, l);
	file_commit_end(f);
}

/* On the MDT inode, durably. On failure the inode says `before`, or, where that couldn't be put back
 * (*ret_stays), `now`. */
static int set_on_mdt(struct inode *inode, const struct layout *before, const struct layout *now,
		      bool *ret_stays)
{
	struct mdt *mdt = inode->vol->mdt;
	int err = layout_ea_set(mdt, inode->fd, now);

	if (err)
		return err;
	err = inode_fsync(inode);
	if (!err)
		return 0;
	*ret_stays = layout_ea_set(mdt, inode->fd, before) != 0;
	return fail_sys(err, "the layout can't be made durable");
}

int mirror_state_store(struct inode *inode, const struct layout *before, const struct layout *now)
{
	bool stays = false;
	int err = set_on_mdt(inode, before, now, &stays);

	if (!stays)
		return err;
	log_error("inode %ju: layout neither changed durably nor put back: it stays changed",
		  (uintmax_t)inode->ino);
	return 0;
}

int mirror_state_commit(struct inode *inode, struct file *f, const struct layout *l)
{
	CLEANUP_LAYOUT struct layout *before = file_layout(f);
	int err = mirror_state_store(inode, before, l);

	if (!err)
		set_in_memory(f, l);
	return err;
}

int mirror_state_set(struct inode *inode, struct file *f, const struct layout *l)
{
	int err = layout_ea_set(inode->vol->mdt, inode->fd, l);

	if (!err)
		set_in_memory(f, l);
	return err;
}

/* ---- becoming stale ---- */

static unsigned int count_stale(const struct layout *l, uint32_t mirror_id)
{
	unsigned int count = 0;

	for (uint32_t i = 0; i < l->count; i++)
		count += mirror_id_at(l, i) == mirror_id && (l->comps[i].flags & COMP_STALE);
	return count;
}

/* The mirrors that a commit makes stale. */
struct becoming {
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	unsigned int count;
};

/* A mirror that is stale in part already has its map, by which what becomes stale now is right so far. */
static int follow_becoming(struct inode *inode, struct file *f, const struct layout *before,
			   const struct layout *now, bool whole, struct becoming *b)
{
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	unsigned int count = mirror_ids(now, ids);
	int err = 0;

	for (unsigned int i = 0; !err && i < count; i++) {
		unsigned int was = count_stale(before, ids[i]);
		bool more = count_stale(now, ids[i]) > was;

		if (more && was && whole) {
			err = dirty_map_mark_all(file_follower(f, ids[i]));
		} else if (more && !was) {
			err = mirror_maps_new(inode, f, now, ids[i], whole);
			if (!err)
				b->ids[b->count++] = ids[i];
		}
	}
	return err;
}

/*
 * What can't be made durable leaves the file as it was in memory, also where the inode stays changed: the
 * next write then tries again, and doesn't rely on what may be lost.
 */
static int commit_stale(struct inode *inode, struct file *f, const struct layout *before,
			const struct layout *now, bool whole)
{
	struct becoming b = { 0 };
	bool stays = false;
	int err = mirror_maps_load_locked(inode, f);

	if (!err)
		err = follow_becoming(inode, f, before, now, whole, &b);
	if (!err)
		err = set_on_mdt(inode, before, now, &stays);
	if (!err) {
		set_in_memory(f, now);
		return 0;
	}
	for (unsigned int i = 0; i < b.count; i++)
		mirror_maps_forget(inode, f, b.ids[i]);
	return err;
}

int mirror_state_commit_stale(struct inode *inode, struct file *f, const struct layout *l)
{
	CLEANUP_LAYOUT struct layout *before = file_layout(f);

	return commit_stale(inode, f, before, l, true);
}

/* What a write makes the only one there is: to be written, and to be read. */
static int check_primary(struct file *f, uint32_t mirror_id)
{
	int err = file_check_writable(f, mirror_id);

	return err ? err : file_check_readable(f, mirror_id);
}

static bool another_can_be_primary(struct file *f, const struct layout *l, uint32_t mirror_id)
{
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	unsigned int count = mirror_ids(l, ids);

	for (unsigned int i = 0; i < count; i++) {
		if (ids[i] != mirror_id && mirror_usable(l, ids[i]) &&
		    check_primary(f, ids[i]) == 0)
			return true;
	}
	return false;
}

/*
 * The mirror to be written. Afterwards the others are stale and it is the only one there is: so one that
 * has lost an object, or can't be reached, isn't taken where there is a better one. It is stale as a whole
 * then, which the next choice and a crash find as it is. Where there is none, the write fails: what
 * can't be written would make stale what can still be read.
 */
static int choose_primary(struct inode *inode, struct file *f, uint32_t *ret_mirror_id)
{
	for (;;) {
		CLEANUP_LAYOUT struct layout *before = file_layout(f), *now = NULL;
		char why[ERROR_TEXT_MAX];
		int err = file_primary(f, ret_mirror_id), broken;

		if (err)
			return err;
		broken = check_primary(f, *ret_mirror_id);
		if (!broken)
			return 0;
		snprintf(why, sizeof(why), "%s", error_text(broken));
		if (!another_can_be_primary(f, before, *ret_mirror_id))
			return fail(broken, "%s", why);
		log_warning("inode %ju: mirror %" PRIu32 " can't be written, and becomes stale: %s",
			    (uintmax_t)inode->ino, *ret_mirror_id, why);
		err = mirror_change_stale(before, *ret_mirror_id, &now);
		if (!err)
			err = commit_stale(inode, f, before, now, true);
		if (err)
			return err;
	}
}

static int make_stale_locked(struct inode *inode, struct file *f, uint64_t start, uint64_t end,
			     struct stale_marks *ret_marks)
{
	CLEANUP_LAYOUT struct layout *before = NULL, *now = NULL;
	struct stale_marks marks = { 0 };
	int err = choose_primary(inode, f, &marks.primary);

	if (err)
		return err;
	before = file_layout(f);
	marks.changes = file_changes(f);
	err = mirror_change_stale_others(before, marks.primary, start, end, &now);
	if (err || now == before) /* the same: somebody else was first */
		return err;
	err = commit_stale(inode, f, before, now, false);
	if (err)
		return err;
	mirror_state_release_marks(ret_marks);
	marks.before = PTR_STEAL(before);
	marks.now = PTR_STEAL(now);
	*ret_marks = marks;
	return 0;
}

int mirror_state_make_stale(struct inode *inode, uint64_t start, uint64_t end,
			    struct stale_marks *ret_marks)
{
	struct file *f;
	int err = inode_get_file(inode, &f);

	if (err)
		return err;
	pthread_mutex_lock(&inode->commit_lock);
	err = make_stale_locked(inode, f, start, end, ret_marks);
	pthread_mutex_unlock(&inode->commit_lock);
	return err;
}

/* ---- the first write to the primary has failed ---- */

void mirror_state_release_marks(struct stale_marks *m)
{
	layout_unref(m->before);
	layout_unref(m->now);
	*m = (struct stale_marks){ 0 };
}

/* What a copy that follows the file has read from the primary since the write began may be what that has left. */
static int follow_again(struct file *f, const struct layout *then)
{
	uint32_t keys[LAYOUT_MIRRORS_MAX + 1];
	unsigned int count = mirror_ids(then, keys);
	int err = 0;

	keys[count++] = FILE_WHOLE;
	for (unsigned int i = 0; !err && i < count; i++) {
		struct dirty_map *map = file_follower(f, keys[i]);

		if (map && (keys[i] == FILE_WHOLE || count_stale(then, keys[i])))
			err = dirty_map_mark_all(map);
	}
	return err;
}

/* Writers wait meanwhile: the next one writes to a mirror that the MDT must call in sync then. */
static int exchange_marks(struct inode *inode, struct file *f, const struct stale_marks *m,
			  const struct layout *then)
{
	int err = -EAGAIN;

	file_commit_begin(f);
	if (file_commit_layout(f) == m->now && file_changes(f) == m->changes)
		err = follow_again(f, then);
	if (!err)
		err = mirror_state_store(inode, m->now, then);
	if (!err)
		file_commit_set(f, then);
	file_commit_end(f);
	return err;
}

/* The maps of mirrors that are stale by `from` and not by `to`. */
static void forget_maps(struct inode *inode, struct file *f, const struct layout *from,
			const struct layout *to)
{
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	unsigned int count = mirror_ids(from, ids);

	for (unsigned int i = 0; i < count; i++) {
		if (count_stale(from, ids[i]) && !count_stale(to, ids[i]))
			mirror_maps_forget(inode, f, ids[i]);
	}
}

/* What the failed write has left in the primary isn't known: all of it is stale. */
static int fail_over_locked(struct inode *inode, struct file *f, const struct stale_marks *m)
{
	CLEANUP_LAYOUT struct layout *then = NULL;
	int err = mirror_change_stale_instead(m->now, m->before, m->primary, &then);

	if (!err)
		err = mirror_guard_commit(f, then);
	if (!err)
		err = mirror_maps_new(inode, f, then, m->primary, true);
	if (err)
		return err;
	err = exchange_marks(inode, f, m, then);
	forget_maps(inode, f, err ? then : m->now, err ? m->before : then);
	return err;
}

bool mirror_state_fail_over(struct inode *inode, struct stale_marks *m, int err)
{
	char why[ERROR_TEXT_MAX];
	bool done = false;
	struct file *f;

	snprintf(why, sizeof(why), "%s", error_text(err));
	if (m->now && inode_get_file(inode, &f) == 0) {
		pthread_mutex_lock(&inode->commit_lock);
		done = fail_over_locked(inode, f, m) == 0;
		pthread_mutex_unlock(&inode->commit_lock);
	}
	if (done)
		log_warning("inode %ju: mirror %" PRIu32
			    " couldn't be written, and becomes stale instead of the others: %s",
			    (uintmax_t)inode->ino, m->primary, why);
	mirror_state_release_marks(m);
	fail(err, "%s", why);
	return done;
}

/* ---- flags ---- */

static int flags_locked(struct handle *h, uint32_t id, uint32_t set, uint32_t clear)
{
	CLEANUP_LAYOUT struct layout *before = file_layout(h->file), *now = NULL;
	int err = mirror_change_flags(before, id, set, clear, (uint64_t)time(NULL), &now);

	if (err || now == before)
		return err;
	if (set & (COMP_STALE | COMP_OFFLINE))
		err = mirror_guard_commit(h->file, now);
	if (err)
		return err;
	if (set & COMP_STALE)
		return commit_stale(h->inode, h->file, before, now, true);
	return mirror_state_commit(h->inode, h->file, now);
}

int mirror_state_set_flags(struct handle *h, uint32_t id, uint32_t set, uint32_t clear, uid_t uid)
{
	int err = inode_check_owner(h->inode, uid);

	if (err)
		return err;
	pthread_mutex_lock(&h->inode->commit_lock);
	err = flags_locked(h, id, set, clear);
	pthread_mutex_unlock(&h->inode->commit_lock);
	return err;
}
