/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which OSTs are better for new objects than others: those on a device with certain objects, or on
 * none with certain others. PURE: on what is known of each OST (alloc.h), of which only index,
 * device, usable and avoid are looked at. Arrays are by the index of the OST.
 */
#ifndef LOVFS_OST_PLACEMENT_H
#define LOVFS_OST_PLACEMENT_H

#include "ost/alloc.h"

#include <stdbool.h>
#include <stdint.h>

/* Whether OST `index` is on the device of one of those for which `of` is true; itself counts. */
bool placement_shares_device(const struct alloc_ost *osts, uint32_t count, const bool *of,
			     uint32_t index);

/*
 * All OSTs are to be avoided that aren't on the device of one for which `near` is true, and only
 * those, where one that is can be used. Otherwise nothing changes.
 */
void placement_prefer(struct alloc_ost *osts, uint32_t count, const bool *near);

#endif
