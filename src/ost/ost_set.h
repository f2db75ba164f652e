/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The OSTs of a volume, by index. Made at open, constant from then on; any thread may look. */
#ifndef LOVFS_OST_OST_SET_H
#define LOVFS_OST_OST_SET_H

#include "ost/ost.h"

#include <stddef.h>

struct ost_set {
	struct ost **osts; /* owned, index = OST index, none NULL */
	uint32_t count;
};

/* The OST of that index, or NULL where there is none. */
static inline struct ost *ost_set_get(const struct ost_set *set, uint32_t index)
{
	return index < set->count ? set->osts[index] : NULL;
}

#endif
