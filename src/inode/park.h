/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Requests held back by a group lock. They are kept, not blocked on: a blocked thread could serve
 * nobody else.
 *
 * The caller that got PARK_REQUEST puts a struct parked (embedded in its own) with park_add(); when
 * the lock goes, `wake` is called, once, from the thread that gave up the lock (no lock is held),
 * and does the operation again, which may park it again. park_remove() takes one back that was
 * interrupted.
 */
#ifndef LOVFS_INODE_PARK_H
#define LOVFS_INODE_PARK_H

#include "base/attr.h"

#include <stdbool.h>

struct inode;

/* What an operation returns that is held back; it has done nothing. */
#define PARK_REQUEST (-ERESTART) /* <errno.h> */

struct parked {
	void (*wake)(struct parked *p);
	struct parked *next; /* guarded by the inode's lock */
	bool waiting;        /* guarded by the inode's lock */
};

/* Keeps p until the inode's group lock is given up. False (p isn't kept) where there is none by
 * now: try the operation again. */
bool MUST_CHECK park_add(struct inode *inode, struct parked *p);

/* True: p was waiting and isn't any longer; wake won't be called. False: wake was or is being
 * called. */
bool MUST_CHECK park_remove(struct inode *inode, struct parked *p);

/* When the group lock has been given up: takes all requests off the inode, in the order in which
 * they came. */
struct parked *park_take_locked(struct inode *inode);
/* Wakes what was taken; NULL is nothing. No lock is held. */
void park_wake(struct parked *waiting);

#endif
