/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Copies that follow a file: which mirrors or victims a mover is bringing up just now, by which
 * handle. What they lack is in dirty maps: those of the stale mirrors, or one in memory for all
 * victims, which ends with the session. After a crash nothing is left of a session but the file's
 * state ("sp"), which says nothing.
 *
 * This is what is known of it in memory, below all commits: sessions are begun and ended in
 * follow_begin.h and follow_session.h.
 *
 * inode.follow is set and cleared, and its mirrors change, with the commit_lock held and under
 * inode.lock: whoever holds one of the two may look. What follows doesn't change while a file's
 * commit is held, either.
 */
#ifndef LOVFS_INODE_FOLLOW_STATE_H
#define LOVFS_INODE_FOLLOW_STATE_H

#include "base/fid.h"
#include "layout/layout.h"

#include <stdbool.h>
#include <stdint.h>

struct handle;
struct inode;

struct follow {
	struct handle *h; /* whose it is; not a reference */
	bool physical;
	uint32_t mirror_ids[LAYOUT_MIRRORS_MAX];
	unsigned int mirror_count;
	struct inode *victims[LAYOUT_MIRRORS_MAX]; /* references */
	unsigned int victim_count;
};

/* With its references. NULL is fine. */
void follow_state_free(struct follow *w);

/* Which file the victim follows from now on; NULL: none. */
void follow_state_set_file(struct inode *victim, struct inode *file);

/* Whether the mirror may be written now: it is followed. */
bool follow_state_has_mirror(struct inode *inode, uint32_t mirror_id);
/* Whether it is this handle that follows the mirror, or (FILE_WHOLE) has victims follow. */
bool follow_state_is_by(struct handle *h, uint32_t mirror_id);
/* The mirror is no longer followed: it is in sync. */
void follow_state_remove_mirror(struct handle *h, uint32_t mirror_id);
/* Whether copies from the file mustn't share extents with their destination. */
bool follow_state_is_physical(struct inode *inode);
/* Whether several copies follow the file: what is read for one is read for the others soon. */
bool follow_state_has_several(struct inode *inode);
/* Whether what h follows by will be mirrors: the file must be durable, too, before they are in
 * sync. */
bool follow_state_makes_mirrors(struct handle *h);
/* For a victim that follows some file physically: the layouts that its objects are to keep away
 * from (the file's and the other victims'), each with a reference, at most `max`; returns how
 * many. */
unsigned int follow_state_layouts_to_avoid(struct inode *victim, const struct layout **ret_layouts,
					   unsigned int max);

#endif
