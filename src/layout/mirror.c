/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layout/mirror.h"

uint32_t mirror_id_at(const struct layout *l, uint32_t idx)
{
	uint32_t id = component_mirror_id(&l->comps[idx]);
	uint32_t begun = 0;

	if (id || l->mirror_count <= 1)
		return id;
	for (uint32_t i = 0; i <= idx; i++) {
		if (l->comps[i].start == 0)
			begun++;
	}
	return begun ? begun : 1;
}
