/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which OSTs the objects of a new component go to. PURE: the caller gives what is known of each OST
 * and a random number.
 *
 * While the free space of the eligible failure domains differs by less than ALLOC_BALANCED_PERCENT
 * of the largest, OSTs take turns (round robin); otherwise they are drawn with a weight by the free
 * space of their domain, divided by its OSTs. OSTs on one device are one failure domain; stripes of
 * one component are spread over domains first. Source of the idea and the 17 %: qos_threshold_rr of
 * Lustre's LOD.
 */
#ifndef LOVFS_OST_ALLOC_H
#define LOVFS_OST_ALLOC_H

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ALLOC_BALANCED_PERCENT 17u
/* An OST with less than this part of its space left (or 1 MiB, whichever is more) counts as full.
 * In units of 1/1000. */
#define ALLOC_RESERVED_PERMILLE 1u

struct alloc_ost {
	uint32_t index;
	bool usable; /* active, may create, in the pool */
	/* Not usable: a negative errno and the reason. NULL: it is outside the pool. Borrowed. */
	int err;
	const char *why;
	dev_t device;
	uint64_t total_bytes, avail_bytes;
	uint64_t free_inodes, total_inodes; /* both 0: no limit */
	bool avoid; /* holds data that this component must not share a failure domain with, if that
		       can be avoided */
};

struct alloc_request {
	uint32_t count;  /* stripes wanted, at least 1; ALLOC_ALL = one on each usable OST */
	bool overstripe; /* several stripes may share an OST */
	bool have_first; /* first is meant */
	uint32_t first;  /* index of the OST of stripe 0; the others follow in turn from there */
	const uint32_t *
		list; /* borrowed, or NULL: exactly these OSTs, in this order; list_count = count */
	size_t list_count;
};
#define ALLOC_ALL UINT32_MAX

/* Carried from call to call by the volume, under its lock: whose turn it is, and the state of the
 * generator. */
struct alloc_state {
	uint64_t turn;
	uint64_t random;
};

/*
 * Chooses OSTs and writes their indices to ret_indices (room for request->count, or ost_count for
 * ALLOC_ALL); *ret_count is how many. Fewer than wanted (but at least one) when there aren't as
 * many usable OSTs and neither list nor overstripe: as Lustre does. -ENOSPC every usable OST is
 * full, or a wanted one; -EIO or the OST's own errno: a wanted one is not usable, or none is. With
 * text, which names the OST and why.
 */
int MUST_CHECK alloc_choose(struct alloc_state *state, const struct alloc_ost *osts,
			    size_t ost_count, const struct alloc_request *request,
			    uint32_t *ret_indices, size_t *ret_count);

#endif
