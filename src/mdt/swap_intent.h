/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The intent of a swap: what recovery needs to know to finish it or to take it back.
 *
 * A swap gives the layout of a victim V (in PENDING) to a file T, and T's old layout to V. The
 * intent is a second link of T, PENDING/<V's fid>.swap, and T's old layout as the content of V's
 * MDT inode (which is otherwise empty). Steps, and what a crash after each leaves:
 *
 *   1. content of V = T's old layout, fsync    V goes with its own objects, T is as it was
 *   2. link T to PENDING/<V>.swap, durable     T and V share no object: V goes, T is as it was
 *   3. T's layout = V's, durable (commit)      T and V share objects: V gets the layout in its content
 *   4. V's layout = T's old layout             T and V share no object: V goes with the old objects
 *   5. PENDING/<V>.swap removed
 */
#ifndef LOVFS_MDT_SWAP_INTENT_H
#define LOVFS_MDT_SWAP_INTENT_H

#include "mdt/mdt.h"

/* Steps 1 and 2. On failure there is no intent. */
int MUST_CHECK swap_intent_make(struct mdt *mdt, struct fid victim, int victim_fd, int file_fd,
				const struct layout *old_layout);

/*
 * Step 5. Where T lost its last name in between it goes to PENDING/<its fid>, and *ret_orphan is
 * that; otherwise *ret_orphan is zero.
 */
int MUST_CHECK swap_intent_remove(struct mdt *mdt, struct fid victim, struct fid *ret_orphan);

/* T's O_PATH descriptor (the caller's) and its old layout. -ENOENT: there is no intent. */
int MUST_CHECK swap_intent_open(struct mdt *mdt, struct fid victim, int victim_fd, int *ret_file_fd,
				struct layout **ret_old_layout);

#endif
