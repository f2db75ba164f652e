/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A request for several mirrors as several requests: `lov mirror extend` makes a file of each. PURE. */
#ifndef LOVFS_LAYOUT_MIRROR_CUT_H
#define LOVFS_LAYOUT_MIRROR_CUT_H

#include "layout/mirror.h"

/*
 * One request for each mirror of `l`, in its order: composite, mirror_count 1, ids 0; flags, wishes
 * for OSTs and all else stay. A plain request gives a plain one. Each has one reference, the caller's.
 * -ERANGE: more than LAYOUT_MIRRORS_MAX. -ENOMEM. On failure there is none.
 */
int MUST_CHECK mirror_cut(const struct layout *l, struct layout *ret_requests[LAYOUT_MIRRORS_MAX],
			  unsigned int *ret_count);

#endif
