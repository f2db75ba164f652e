/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a resync under a lease copies: which ranges, from which mirror, to which. Only what is stale is
 * written, also of a mirror that isn't stale elsewhere; and only what is in sync is read. PURE.
 */
#ifndef LOVFS_MOVER_RESYNC_PLAN_H
#define LOVFS_MOVER_RESYNC_PLAN_H

#include "base/attr.h"
#include "layout/layout.h"
#include "mover/pieces.h"

struct resync_plan {
	struct resync_range {
		struct piece_range range; /* targets: bit i is ids[i] */
		uint32_t source_id;
	} * ranges; /* owned; in order */
	unsigned int count;
	uint32_t *components; /* owned: ids of the stale ones of the mirrors */
	unsigned int component_count;
};

/*
 * For a file of size_bytes with layout l: brings mirrors ids[] up. source_id: the one to read; 0: the best one
 * that is in sync as a whole, or where none is or it ends before, one that is in sync there. -EAGAIN: source_id
 * isn't in sync, or nothing is stale. -ENODATA: none of these is in sync somewhere. -ENOMEM. With text.
 */
int MUST_CHECK resync_plan_make(const struct layout *l, uint64_t size_bytes, const uint32_t *ids,
				unsigned int count, uint32_t source_id,
				struct resync_plan *ret_plan);
void resync_plan_release(struct resync_plan *plan);

#endif
