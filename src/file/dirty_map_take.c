/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is copied: dirty, taken, clean. */
#include "file/dirty_bits.h"

#include <string.h>

/* The first grain of [from, end) that is dirty; UINT64_MAX where none is. */
static uint64_t find_dirty(const struct dirty_map *map, uint64_t from, uint64_t end)
{
	uint64_t grain = from;

	end = MIN_OF(end, MAX_OF(grains_known(map), from));
	while (grain < end) {
		const struct dirty_page *page = page_of(map, grain / DIRTY_PAGE_GRAINS);
		size_t i = grain % DIRTY_PAGE_GRAINS;

		if (!page)
			grain += DIRTY_PAGE_GRAINS - i;
		else if (i % 8 == 0 && page->dirty[i / 8] == 0)
			grain += 8;
		else if (bit(page->dirty, i))
			return grain;
		else
			grain++;
	}
	return UINT64_MAX;
}

/* Dirty ones of [grain, end) become taken. */
static void take_grains(struct dirty_map *map, uint64_t grain, uint64_t end)
{
	end = MIN_OF(end, grains_known(map));
	while (grain < end) {
		struct part p = part_at(grain, end);
		struct dirty_page *page = map->pages[p.page_idx];

		for (size_t i = first_byte(&p); page && i < end_byte(&p); i++) {
			uint8_t taken = page->dirty[i] & mask_of(&p, i);

			page->taken[i] |= taken;
			page->dirty[i] &= (uint8_t)~taken;
		}
		grain += p.end - p.first;
	}
}

static bool take_grains_locked(struct dirty_map *map, uint64_t from, uint64_t max_grains,
			       uint64_t size_bytes, struct dirty_range *ret_range)
{
	uint64_t limit = MIN_OF(map->tail, grains_of(size_bytes));
	uint64_t first = find_dirty(map, from, limit), end = first;

	if (first >= limit)
		return false;
	while (end < limit && end - first < max_grains && is_dirty(map, end))
		end++;
	take_grains(map, first, end);
	*ret_range = (struct dirty_range){ .start = first * DIRTY_GRAIN_BYTES };
	ret_range->end = end == grains_of(size_bytes) ? size_bytes : end * DIRTY_GRAIN_BYTES;
	return true;
}

/*
 * The tail, and grains behind the file's end: there is nothing to be copied for those, either. Not for
 * who has been there: a file that is cut again and again would be one endless pass.
 */
static bool take_tail_locked(struct dirty_map *map, uint64_t from_bytes, uint64_t size_bytes,
			     struct dirty_range *ret_range)
{
	uint64_t first = MIN_OF(map->tail, grains_of(size_bytes));

	if (from_bytes > size_bytes)
		return false;
	if (map->tail == DIRTY_TAIL_NONE && find_dirty(map, first, UINT64_MAX) == UINT64_MAX)
		return false;
	take_grains(map, first, UINT64_MAX);
	map->taken_tail = MIN_OF(map->tail, map->taken_tail);
	map->tail = DIRTY_TAIL_NONE;
	*ret_range = (struct dirty_range){ .end = size_bytes, .tail = true };
	ret_range->start = first == grains_of(size_bytes) ? size_bytes : first * DIRTY_GRAIN_BYTES;
	return true;
}

bool dirty_map_take(struct dirty_map *map, uint64_t from, uint64_t max_bytes, uint64_t size_bytes,
		    struct dirty_range *ret_range)
{
	uint64_t max_grains = MAX_OF(max_bytes / DIRTY_GRAIN_BYTES, 1u);
	bool any;

	pthread_mutex_lock(&map->lock);
	any = take_grains_locked(map, from / DIRTY_GRAIN_BYTES, max_grains, size_bytes,
				 ret_range) ||
	      take_tail_locked(map, from, size_bytes, ret_range);
	pthread_mutex_unlock(&map->lock);
	return any;
}

/* Taken ones of the part aren't any more; the file then says which are dirty still. */
static int copied_part_locked(struct dirty_map *map, const struct part *p)
{
	struct dirty_page *page = page_of(map, p->page_idx);
	uint8_t bits[DIRTY_PAGE_BYTES];

	if (!page)
		return 0;
	for (size_t i = first_byte(p); i < end_byte(p); i++) {
		uint8_t mask = mask_of(p, i);

		page->taken[i] &= (uint8_t)~mask;
		bits[i] = (uint8_t)((page->marked[i] & ~mask) | (page->dirty[i] & mask));
	}
	return dirty_map_file_set_bits(map, p->page_idx, first_byte(p), end_byte(p),
				       bits + first_byte(p));
}

static int copied_locked(struct dirty_map *map, uint64_t grain, uint64_t end, bool tail)
{
	uint64_t first = grain;
	int err, first_err = 0;

	end = MIN_OF(end, grains_known(map));
	while (grain < end) {
		struct part p = part_at(grain, end);

		err = copied_part_locked(map, &p);
		if (err && !first_err)
			first_err = err;
		grain += p.end - p.first;
	}
	if (!tail || map->taken_tail < first)
		return first_err;
	map->taken_tail = DIRTY_TAIL_NONE;
	err = dirty_map_file_set_tail(map, map->tail);
	return first_err ? first_err : err;
}

int dirty_map_copied(struct dirty_map *map, const struct dirty_range *range)
{
	int err;

	pthread_mutex_lock(&map->lock);
	err = copied_locked(map, grains_of(range->start),
			    range->tail ? UINT64_MAX : grains_of(range->end), range->tail);
	pthread_mutex_unlock(&map->lock);
	return err;
}

void dirty_map_give_back(struct dirty_map *map)
{
	pthread_mutex_lock(&map->lock);
	map->tail = MIN_OF(map->tail, map->taken_tail);
	map->taken_tail = DIRTY_TAIL_NONE;
	for (size_t k = 0; k < map->page_count; k++) {
		struct dirty_page *page = map->pages[k];

		for (size_t i = 0; page && i < DIRTY_PAGE_BYTES; i++)
			page->dirty[i] |= page->taken[i];
		if (page)
			memset(page->taken, 0, sizeof(page->taken));
	}
	pthread_mutex_unlock(&map->lock);
}
