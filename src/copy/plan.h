/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a range of one striped file to a range of another: which bytes of which object go where.
 * PURE.
 *
 * The pieces tile the range: every byte is in exactly one. Neighbours in the same pair of objects
 * are joined, also when other stripes lie between them in the file, as long as they are contiguous
 * in both objects; so equal geometries give one piece per object.
 */
#ifndef LOVFS_COPY_PLAN_H
#define LOVFS_COPY_PLAN_H

#include "layout/layout.h"

#include <stddef.h>

/* An object of a layout. */
struct object_ref {
	uint32_t comp_idx;   /* index in layout->comps */
	uint32_t stripe_idx; /* index in comps[].objects */
};

struct copy_piece {
	bool hole; /* no source object (component not instantiated): the destination shall read as
		      zeros */
	struct object_ref src; /* meaningless for a hole */
	struct object_ref dst;
	uint64_t src_offset, dst_offset; /* in the objects */
	uint64_t len_bytes;
	uint64_t file_offset; /* first byte's offset in the destination file: pieces are in this
				 order */
};

struct copy_plan {
	struct copy_piece *pieces; /* owned */
	size_t count;
	uint64_t len_bytes; /* sum of the pieces = what was asked for */
};

/* One side of a copy. */
struct copy_side {
	const struct layout *layout; /* borrowed for the call */
	uint32_t mirror_id;          /* 0 for a file without mirrors */
	uint64_t offset;             /* bytes in the file */
};

/*
 * Plans len_bytes from src to dst. Destination components must be instantiated over the range. A
 * source component that isn't gives holes. -EUCLEAN where a component can't hold data or none
 * covers the range, -EINVAL where a destination component isn't instantiated, -EOVERFLOW past 2^64
 * (texts say which side), -ENOMEM.
 */
int MUST_CHECK copy_plan_make(const struct copy_side *src, const struct copy_side *dst,
			      uint64_t len_bytes, struct copy_plan *ret_plan);

/* Frees the pieces. A zeroed plan is fine. */
void copy_plan_release(struct copy_plan *plan);

#endif
