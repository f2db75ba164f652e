/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The intent of a commit on two or more files: what recovery needs to know to finish it or to take it
 * back. A file T gets a new layout, and so does each of its victims V:
 *
 *            T's new layout                  the one that V is left with ("leave")
 *   swap     V's                             T's old one
 *   merge    T's and those of all V          V's own shape, without objects
 *   split    T's without one mirror          that mirror
 *
 * The intent for one V is a second link of T, PENDING/<V's fid>.swap, and `leave` as the content of V's
 * MDT inode (which is otherwise empty). V itself is in PENDING meanwhile; one that has a name is linked
 * there for as long as the intent exists. All of them have:
 *
 *   1. content of each V = leave; V in PENDING; link of T to PENDING/<V>.swap
 *   2. all that made durable
 *   3. T's layout = new, durable: the commit
 *   4. layout of each V = leave, durable
 *   5. PENDING/<V>.swap removed; where V has a name also its content and PENDING/<V>
 *
 * What a crash can leave of T and one V is told apart by their objects, not by T's generation, which
 * may have gone on since:
 *
 *   crash    swap                          merge                    split
 *   before   T has none of V's objects;    T has none of V's        V has none,
 *   3        if V has none, T has leave's  objects; leave has none  T has leave's
 *   3 to 4   T has V's objects; if V has   T has V's objects        V has none,
 *            none, T has none of leave's                            T has none of leave's
 *   after 4  V has leave's objects,        V has none,              V has leave's objects,
 *            T none of them                leave has none           T none of them
 *
 * In the middle row, and only there, V is still to get `leave`. So, in all three: if V has objects, when
 * T has any of them; if V has none, when `leave` has some and T none of them. It is asked for each
 * V by itself, so it doesn't matter how many of a merge have come how far. An intent without content is
 * one that step 1 or 5 was interrupted in: nothing is left to do. One without V is the same.
 *
 * T is durable before V changes, also in recovery, and V before the intent goes: else a second crash could
 * find both with the same objects, or V with objects that are T's, and no intent.
 */
#ifndef LOVFS_MDT_SWAP_INTENT_H
#define LOVFS_MDT_SWAP_INTENT_H

#include "base/attr.h"
#include "base/fid.h"

struct layout;
struct mdt;

struct swap_victim {
	struct fid fid;
	int fd;                     /* O_PATH, borrowed */
	const struct layout *leave; /* borrowed */
};

/*
 * Steps 1 and 2, for all victims of one commit. The caller holds off whoever adds or removes names of any
 * of the files. On failure there is no intent. -EBUSY: one of an earlier commit is still there.
 */
int MUST_CHECK swap_intent_make(struct mdt *mdt, int file_fd, const struct swap_victim *victims,
				unsigned int count);

/*
 * Step 5 for one victim (victim_fd -1: it isn't there any more). Where T lost its last name in between it
 * goes to PENDING/<its fid>, and *ret_orphan is that; otherwise *ret_orphan is zero.
 */
int MUST_CHECK swap_intent_remove(struct mdt *mdt, struct fid victim, int victim_fd,
				  struct fid *ret_orphan);

/* T's O_PATH descriptor (the caller's). -ENOENT: there is no intent. */
int MUST_CHECK swap_intent_open(struct mdt *mdt, struct fid victim, int *ret_file_fd);

/* The layout in V's content; NULL where there is none, or not all of it. */
int MUST_CHECK swap_intent_leave(int victim_fd, struct layout **ret_leave);

#endif
