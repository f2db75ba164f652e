/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ost/placement.h"

bool placement_shares_device(const struct alloc_ost *osts, uint32_t count, const bool *of,
			     uint32_t index)
{
	for (uint32_t i = 0; i < count; i++) {
		if (of[i] && osts[i].device == osts[index].device)
			return true;
	}
	return false;
}

void placement_prefer(struct alloc_ost *osts, uint32_t count, const bool *near)
{
	bool any = false;

	for (uint32_t i = 0; i < count && !any; i++)
		any = osts[i].usable && placement_shares_device(osts, count, near, i);
	for (uint32_t i = 0; any && i < count; i++)
		osts[i].avoid = !placement_shares_device(osts, count, near, i);
}
