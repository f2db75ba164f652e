/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume/change.h"

#include "base/error.h"
#include "base/log.h"
#include "commit/instantiate.h"
#include "commit/mirror_state.h"
#include "commit/reaper.h"
#include "inode/follow_state.h"
#include "inode/group_lock.h"
#include "inode/handle_state.h"
#include "inode/inode_state.h"
#include "inode/park.h"
#include "inode/saved_attr.h"
#include "inode/volume_state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

/* An OST is full: removed files give back their space, and where new objects go is decided by what is
 * free now. */
static void make_room(struct volume *vol)
{
	struct ost_space space;

	reaper_drain(vol->reaper);
	for (uint32_t i = 0; i < vol->osts.count; i++) {
		if (ost_active(vol->osts.osts[i]) && ost_get_space(vol->osts.osts[i], 0, &space))
			log_debug("OST %" PRIu32 ": free space not known", i);
	}
}

/* An OST has failed, with err: whether it takes new objects decides where they go. Which one it was isn't known
 * here, but by the text, which stays. */
static void suspect_osts(struct volume *vol, int err)
{
	char why[ERROR_TEXT_MAX];

	snprintf(why, sizeof(why), "%s", error_text(err));
	for (uint32_t i = 0; i < vol->osts.count; i++)
		ost_suspect(vol->osts.osts[i]);
	fail(err, "%s", why);
}

/*
 * A mirror that dies between the look at it and the first write to it, for which the others were made stale, mustn't
 * take the file along. (A copy may have failed by its source.)
 */
static bool can_go_elsewhere(const struct change *c, int err)
{
	return !c->copy.src && !c->h->hidden && (err == -EIO || err == -EROFS);
}

/* Does it, with what it needs before: others' mirrors stale, objects, and, once, room on a full OST. */
static ssize_t change_attempts(struct change *c, struct stale_marks *marks)
{
	struct inode *inode = c->h->inode;
	uint64_t end = c->offset + c->len_bytes;
	bool drained = false;
	int err = 0;

	while (!err) {
		ssize_t n = c->run(c);

		if (n == FILE_NOT_STALE)
			err = mirror_state_make_stale(inode, c->offset, end, marks);
		else if (n == FILE_NOT_INSTANTIATED)
			err = instantiate_range(inode, c->h->mirror_id, c->offset, end, c->near);
		else if (n >= 0)
			return n;
		else if (!can_go_elsewhere(c, (int)n) ||
			 !mirror_state_fail_over(inode, marks, (int)n))
			err = (int)n;
		if (err == -ENOSPC && !drained) {
			make_room(inode->vol);
			drained = true;
			err = 0;
		}
		if (err == -EDQUOT || err == -EROFS || err == -EIO)
			suspect_osts(inode->vol, err);
	}
	return err;
}

/* The file's: group locks hold back, and the MDT inode is told that it doesn't know the size. */
static ssize_t change_file(struct change *c)
{
	struct inode *inode = c->h->inode;
	struct saved_result result = { 0 };
	struct stale_marks marks = { 0 };
	uint64_t before;
	ssize_t n;
	int err;

	if (!c->writeback && group_lock_holds_back(inode, c->h))
		return PARK_REQUEST;
	err = saved_attr_begin(inode, SAVED_DATA);
	if (err)
		return err;
	before = file_changes(c->h->file);
	n = change_attempts(c, &marks);
	mirror_state_release_marks(&marks);
	result.changed = n > 0 || file_changes(c->h->file) != before;
	/* A write or an allocation that failed leaves the size; the parts of a copy are done in any order. */
	result.size_unclear = n < 0 && c->copy.src && result.changed;
	if (n > 0 && !(c->mode & FALLOC_FL_KEEP_SIZE))
		result.size_bytes = c->offset + (uint64_t)n;
	saved_attr_end(inode, &result);
	return n;
}

int change_check_mirror(const struct handle *h)
{
	if (h->mirror_id == FILE_WHOLE)
		return fail(-EROFS, "the file can't be written by this way");
	return follow_state_has_mirror(h->inode, h->mirror_id)
		       ? 0
		       : fail(-EROFS, "mirror %" PRIu32 ": it isn't being brought up",
			      h->mirror_id);
}

ssize_t change_run(struct change *c)
{
	int err;

	if (!c->h->writable)
		return fail(-EBADF, "the descriptor isn't open for writing");
	if (!c->h->hidden)
		return change_file(c);
	err = change_check_mirror(c->h);
	return err ? err : change_attempts(c, NULL);
}
