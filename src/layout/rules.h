/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a layout must satisfy. The same rules are asked by the tool (for a clear message before
 * anything is made) and by the daemon (which trusts no tool).
 */
#ifndef LOVFS_LAYOUT_RULES_H
#define LOVFS_LAYOUT_RULES_H

#include "layout/layout.h"
#include "layout/resolve.h"

/* What the volume has. Zeroed: nothing is known, and what needs it isn't checked. */
struct layout_limits {
	uint32_t
		ost_count; /* 0 = not known; stripe counts and OST indices are checked against it */
	uint64_t component_max; /* most components, 0 = LAYOUT_COMPONENTS_MAX */
	/*
	 * How many OSTs the pool has, 0 when there is no such pool. May be NULL. Called during
	 * layout_check() only, in its thread. */
	uint32_t (*pool_size)(const char *pool, void *cookie);
	/* Whether the OST is in the pool. May be NULL. */
	bool (*pool_has)(const char *pool, uint32_t ost_idx, void *cookie);
	void *cookie;
	/*
	 * Components on the MDT and self-extending ones are possible: on Lustre. What a request of them must satisfy
	 * besides being in order the servers know. */
	bool special_components;
};

/*
 * Whether `l` can be given to a new file or a directory (a request: no objects): stripe sizes 0
 * (default) or multiples of 64 KiB up to LAYOUT_STRIPE_SIZE_MAX; stripe counts that the volume or
 * the pool can give (overstriped ones may exceed it); pools and OSTs that exist; explicit OST lists
 * without duplicates; components of each mirror in order, from 0, without gap or overlap, ends
 * multiples of 64 KiB or EOF; ids, flags and patterns that make sense; nothing but RAID0, and
 * special_components where the limits have them. -EINVAL,
 * -ERANGE, -ENOENT (pool), -EOPNOTSUPP (well formed, but lovfs can't write through it), with text
 * naming the component.
 */
int MUST_CHECK layout_check_request(const struct layout *l, const struct layout_limits *limits);

/*
 * Whether `l` can be the layout of an existing file that data is read from and written to: as
 * above, but stripe sizes and counts are set, a component that is instantiated has its objects,
 * each on an OST that exists, and another has none. Pools aren't asked: they may have changed
 * since. -EUCLEAN, or -EOPNOTSUPP as above.
 */
int MUST_CHECK layout_check_file(const struct layout *l, const struct layout_limits *limits);

#endif
