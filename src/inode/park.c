/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inode/park.h"

#include "inode/inode_state.h"

bool park_add(struct inode *inode, struct parked *p)
{
	struct parked **end;
	bool kept;

	pthread_mutex_lock(&inode->lock);
	kept = inode->group_gid != 0;
	if (kept) {
		/* At the end: requests are done in the order in which they came. */
		for (end = &inode->parked; *end; end = &(*end)->next)
			;
		p->next = NULL;
		p->waiting = true;
		*end = p;
	}
	pthread_mutex_unlock(&inode->lock);
	return kept;
}

bool park_remove(struct inode *inode, struct parked *p)
{
	struct parked **at;
	bool was_waiting;

	pthread_mutex_lock(&inode->lock);
	was_waiting = p->waiting;
	if (was_waiting) {
		for (at = &inode->parked; *at != p; at = &(*at)->next)
			;
		*at = p->next;
		p->waiting = false;
	}
	pthread_mutex_unlock(&inode->lock);
	return was_waiting;
}

struct parked *park_take_locked(struct inode *inode)
{
	struct parked *waiting = inode->parked;

	inode->parked = NULL;
	for (struct parked *p = waiting; p; p = p->next)
		p->waiting = false;
	return waiting;
}

void park_wake(struct parked *waiting)
{
	while (waiting) {
		struct parked *p = waiting;

		waiting = p->next;
		p->wake(p);
	}
}
