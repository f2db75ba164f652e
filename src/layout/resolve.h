/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From what was asked for to what a file gets: defaults filled in, components numbered. */
#ifndef LOVFS_LAYOUT_RESOLVE_H
#define LOVFS_LAYOUT_RESOLVE_H

#include "layout/layout.h"

/* What files of a lovfs volume get that nothing is said for. */
#define LAYOUT_DEFAULT_STRIPE_SIZE 0x100000u /* bytes */
#define LAYOUT_DEFAULT_STRIPE_COUNT 1

/*
 * Fills what a request leaves to defaults: stripe size and count 0 from `defaults` (a plain layout,
 * or NULL: 1 MiB and 1), count ALL stays; component ids 1.. and mirror ids where they are 0. Makes
 * V1 where there is no pool, V3 where there is; a component with a list of OSTs stays SPECIFIC. A
 * default stripe size that a component's end isn't a multiple of gives way to the largest power of
 * two that it is a multiple of, as in Lustre. Returns a new layout. -ENOMEM
 */
int MUST_CHECK layout_resolve(const struct layout *request, const struct layout *defaults,
			      struct layout **ret_layout);

#endif
