/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layout/segmap.h"

#include "base/checked.h"

static bool matches(const struct layout *l, const struct component *c, uint32_t mirror_id)
{
	return l->kind == LAYOUT_PLAIN || component_mirror_id(c) == mirror_id;
}

struct segmap segmap_of(const struct layout *layout, uint32_t mirror_id, uint64_t start,
			uint64_t end)
{
	return (struct segmap){
		.layout = layout, .mirror_id = mirror_id, .pos = start, .end = end
	};
}

/* The component at map->pos, or -1. Neighbouring segments are mostly of one component: it is tried
 * first. */
static int find(struct segmap *map)
{
	const struct layout *l = map->layout;
	int idx;

	if (map->hint < l->count) {
		const struct component *c = &l->comps[map->hint];

		if (map->pos >= c->start && map->pos < c->end && matches(l, c, map->mirror_id))
			return (int)map->hint;
	}
	idx = layout_find(l, map->mirror_id, map->pos);
	if (idx >= 0)
		map->hint = (uint32_t)idx;
	return idx;
}

/* Where the hole in the layout that contains map->pos ends: at the next component's start. */
static uint64_t gap_end(const struct segmap *map)
{
	const struct layout *l = map->layout;
	uint64_t end = map->end;

	for (uint32_t i = 0; i < l->count; i++) {
		const struct component *c = &l->comps[i];

		if (c->start > map->pos && c->start < end && c->start < c->end &&
		    matches(l, c, map->mirror_id))
			end = c->start;
	}
	return end;
}

/* Whether its stripes are known. */
static bool striped(const struct component *c)
{
	return component_has_data(c) && c->stripe_size != 0 && c->stripe_count != 0 &&
	       c->stripe_count != LAYOUT_STRIPE_COUNT_ALL;
}

/*
 * Sets stripe and object offset of map->pos and returns where the stripe ends. The arithmetic of
 * raid0.h with two divisions in all: this is done for every stripe that is read or written.
 */
static uint64_t set_stripe(const struct segmap *map, const struct component *c, struct segment *seg)
{
	uint64_t number = map->pos / c->stripe_size;
	uint64_t start = number * c->stripe_size;
	uint64_t row = number / c->stripe_count;

	seg->stripe_idx = (uint32_t)(number - row * c->stripe_count);
	seg->object_offset = row * c->stripe_size + (map->pos - start);
	return add_sat_u64(start, c->stripe_size);
}

bool segmap_next(struct segmap *map, struct segment *ret_segment)
{
	struct segment seg = { .file_offset = map->pos, .comp_idx = SEGMENT_NO_COMPONENT };
	const struct component *c;
	uint64_t stop;
	int idx;

	if (map->pos >= map->end)
		return false;
	idx = find(map);
	if (idx < 0) {
		stop = gap_end(map);
	} else {
		c = &map->layout->comps[idx];
		seg.comp_idx = (uint32_t)idx;
		stop = MIN_OF(map->end, c->end);
		if (striped(c) && c->stripe_count == 1) {
			seg.object_offset = map->pos;
		} else if (striped(c)) {
			uint64_t stripe_end = set_stripe(map, c, &seg);

			stop = MIN_OF(stop, stripe_end);
		}
	}
	seg.len_bytes = stop - map->pos;
	map->pos = stop;
	*ret_segment = seg;
	return true;
}
