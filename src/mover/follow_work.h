/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The work of a struct follow_job in small steps: take what is out of date, copy what was taken,
 * make it durable and report it. For follow_run.c, which says when. One thread.
 */
#ifndef LOVFS_MOVER_FOLLOW_WORK_H
#define LOVFS_MOVER_FOLLOW_WORK_H

#include "mover/changes.h"
#include "mover/follow.h"
#include "mover/hold.h"

#include <stdbool.h>

/* What has been copied of one mirror and is to be reported once it is durable. */
struct copied {
	uint32_t mirror_id;
	struct fs_range range;
};

/* What one mirror, or (mirror_id 0) the victims together, lack. */
struct lack {
	uint32_t mirror_id;
	uint64_t from;  /* the pass has asked up to here */
	uint64_t left;  /* out of date besides what was taken */
	bool all_asked; /* nothing more of this pass is behind `from` */
	bool cut;       /* what begins at `from` is out of date, too */
};

struct follow_work {
	const struct follow_job *job;
	struct follow_result result;
	int fds[LAYOUT_MIRRORS_MAX]; /* of the copies; those of mirrors are owned, -1: not open */
	bool following;              /* follow_begin() has been called */

	struct lack lacks[LAYOUT_MIRRORS_MAX];
	struct changes lists[LAYOUT_MIRRORS_MAX]; /* taken, not copied; as lacks */
	unsigned int list_count;
	uint64_t pass_end; /* what is written from here on is for the next pass; 0: not asked yet */
	struct hold hold;  /* in the last step */

	uint32_t touched;         /* copies that changed since they were made durable */
	uint64_t unsettled_bytes; /* copied since then */
	struct copied *copied;    /* owned */
	size_t copied_count, copied_room;

	uint64_t behind_bytes; /* to be copied, when that was asked last */
	uint64_t last_bytes;   /* not more than that is copied while writers wait */
	uint64_t total_bytes;  /* for progress: what was copied and what is known to be left */
	struct piece_range pieces[CHANGES_PIECES_MAX];
};

/* *w is zeroed. Mirrors aren't open yet. */
void follow_work_init(struct follow_work *w, const struct follow_job *job);
void follow_work_release(struct follow_work *w);

/* A look at everything from the file's start on. What was taken before comes first. */
int MUST_CHECK follow_work_look(struct follow_work *w);
/* Takes the next changes of each list that is empty, behind those of before. -ECANCELED. */
int MUST_CHECK follow_work_take(struct follow_work *w);
/* Whether nothing is taken that isn't copied. */
bool follow_work_idle(const struct follow_work *w);

/* Copies what was taken, as far as all lists are known. */
int MUST_CHECK follow_work_copy(struct follow_work *w);

/* Sets the sizes of the copies to the file's. With writers held back. */
int MUST_CHECK follow_work_set_sizes(struct follow_work *w);

/* Makes durable what was copied, and reports it. */
int MUST_CHECK follow_work_settle(struct follow_work *w);
/* The same for mirrors, once there is enough of it: what isn't reported is copied again if we are
 * killed. */
int MUST_CHECK follow_work_settle_batch(struct follow_work *w);

/* What is still to be copied, over all copies. */
uint64_t follow_work_pending(const struct follow_work *w);

#endif
