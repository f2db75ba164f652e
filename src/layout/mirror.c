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

static bool contains(const uint32_t *ids, unsigned int count, uint32_t id)
{
	for (unsigned int i = 0; i < count; i++) {
		if (ids[i] == id)
			return true;
	}
	return false;
}

unsigned int mirror_ids(const struct layout *l, uint32_t ret_ids[LAYOUT_MIRRORS_MAX])
{
	unsigned int count = 0;

	for (uint32_t i = 0; i < l->count && count < LAYOUT_MIRRORS_MAX; i++) {
		uint32_t id = mirror_id_at(l, i);

		if (!contains(ret_ids, count, id))
			ret_ids[count++] = id;
	}
	return count;
}

bool mirror_exists(const struct layout *l, uint32_t mirror_id)
{
	for (uint32_t i = 0; i < l->count; i++) {
		if (mirror_id_at(l, i) == mirror_id)
			return true;
	}
	return false;
}

uint32_t mirror_flags(const struct layout *l, uint32_t mirror_id)
{
	uint32_t flags = 0;

	for (uint32_t i = 0; i < l->count; i++) {
		if (mirror_id_at(l, i) == mirror_id)
			flags |= l->comps[i].flags;
	}
	return flags;
}

bool mirror_usable(const struct layout *l, uint32_t mirror_id)
{
	return mirror_exists(l, mirror_id) &&
	       !(mirror_flags(l, mirror_id) & (COMP_STALE | COMP_OFFLINE));
}

unsigned int mirror_count_usable(const struct layout *l)
{
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	unsigned int count = mirror_ids(l, ids), usable = 0;

	for (unsigned int i = 0; i < count; i++)
		usable += mirror_usable(l, ids[i]);
	return usable;
}

unsigned int mirror_stale_components(const struct layout *l, uint32_t mirror_id, uint32_t *ret_ids)
{
	unsigned int count = 0;

	for (uint32_t i = 0; i < l->count; i++) {
		if (mirror_id_at(l, i) == mirror_id && l->comps[i].flags & COMP_STALE)
			ret_ids[count++] = l->comps[i].id;
	}
	return count;
}

bool mirror_wholly_stale(const struct layout *l, uint32_t mirror_id)
{
	for (uint32_t i = 0; i < l->count; i++) {
		if (mirror_id_at(l, i) == mirror_id && !(l->comps[i].flags & COMP_STALE))
			return false;
	}
	return true;
}

uint64_t mirror_end(const struct layout *l, uint32_t mirror_id)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < l->count; i++) {
		if (mirror_id_at(l, i) == mirror_id)
			end = MAX_OF(end, l->comps[i].end);
	}
	return end;
}
