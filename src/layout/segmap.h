/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The segment map: a range of a file, cut where the object changes, in file order. Every byte of
 * the range is in exactly one segment.
 */
#ifndef LOVFS_LAYOUT_SEGMAP_H
#define LOVFS_LAYOUT_SEGMAP_H

#include "layout/layout.h"

#define SEGMENT_NO_COMPONENT UINT32_MAX

struct segment {
	uint64_t file_offset;
	uint64_t len_bytes; /* not 0 */
	uint32_t
		comp_idx; /* index in layout->comps; SEGMENT_NO_COMPONENT: no component covers it */
	uint32_t stripe_idx;    /* 0 where there is no component */
	uint64_t object_offset; /* 0 where there is no component */
};

/* Read only through segmap_next(). Plain value: copying it forks the walk. */
struct segmap {
	const struct layout *layout; /* borrowed */
	uint32_t mirror_id;
	uint64_t pos, end;
	uint32_t hint; /* where the last component was found */
};

/* The walk over [start, end) of mirror `mirror_id` (0 for a file without mirrors). */
struct segmap segmap_of(const struct layout *layout, uint32_t mirror_id, uint64_t start,
			uint64_t end);

/*
 * The next segment; false at the end. A component without stripe count or size (a request that
 * isn't resolved, data on the MDT, released, extension) gives one segment for the rest of its
 * extent, stripe 0, object offset 0: check component_has_data(). A component with one stripe gives
 * one segment.
 */
bool segmap_next(struct segmap *map, struct segment *ret_segment);

#endif
