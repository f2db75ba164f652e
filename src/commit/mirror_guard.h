/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The last copy of a file that can be read is not marked stale or offline, taken out or overwritten: asked here
 * by every commit after which a mirror counts no longer. What the layout says isn't enough, as a mirror that is
 * in sync may be on an OST that is away.
 */
#ifndef LOVFS_COMMIT_MIRROR_GUARD_H
#define LOVFS_COMMIT_MIRROR_GUARD_H

#include "base/error.h"
#include "layout/layout.h"

#include <stdint.h>

struct file;

/* Mirrors that could be read as a whole when it was asked, each with its devices. */
struct readable_mirrors {
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	unsigned int count;
	char why[ERROR_TEXT_MAX]; /* of one that couldn't; "" */
};

/* Asks all mirrors that are usable by layout l but `without` (0: none is left out). */
void mirror_guard_look(struct file *f, const struct layout *l, uint32_t without,
		       struct readable_mirrors *ret_readable);

/* 0 where one of them is usable by the layout `then`; otherwise -EBUSY, the text says why the others can't be read. */
int MUST_CHECK mirror_guard_check(const struct readable_mirrors *readable,
				  const struct layout *then);

/* Both at once, for a caller that holds the commit_lock: `then` is the layout after the commit. */
int MUST_CHECK mirror_guard_commit(struct file *f, const struct layout *then);

#endif
