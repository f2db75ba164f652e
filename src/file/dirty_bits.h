/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walking over the bits of a dirty map, part by part. The map's lock is held. */
#ifndef LOVFS_FILE_DIRTY_BITS_H
#define LOVFS_FILE_DIRTY_BITS_H

#include "file/dirty_map_impl.h"

/* A part of a range that lies in one page: bits [first, end), which aren't none. */
struct part {
	uint64_t page_idx;
	size_t first, end;
};

/* The part of [grain, end) that is in the page of `grain`. */
static inline struct part part_at(uint64_t grain, uint64_t end)
{
	struct part p = { .page_idx = grain / DIRTY_PAGE_GRAINS,
			  .first = grain % DIRTY_PAGE_GRAINS };

	p.end = (size_t)MIN_OF(end - grain + p.first, (uint64_t)DIRTY_PAGE_GRAINS);
	return p;
}

static inline size_t first_byte(const struct part *p)
{
	return p->first / 8;
}

static inline size_t end_byte(const struct part *p)
{
	return (p->end + 7) / 8;
}

/* Which bits of byte `i` belong to the part. */
static inline uint8_t mask_of(const struct part *p, size_t i)
{
	uint8_t mask = 0xff;

	if (i == p->first / 8)
		mask = (uint8_t)(mask << p->first % 8);
	if (i == p->end / 8)
		mask &= (uint8_t)((1u << p->end % 8) - 1);
	return mask;
}

static inline bool bit(const uint8_t *bits, size_t i)
{
	return bits[i / 8] >> i % 8 & 1;
}

/* NULL where all is clean. */
static inline struct dirty_page *page_of(const struct dirty_map *map, uint64_t page_idx)
{
	return page_idx < map->page_count ? map->pages[page_idx] : NULL;
}

static inline uint64_t grains_known(const struct dirty_map *map)
{
	return (uint64_t)map->page_count * DIRTY_PAGE_GRAINS;
}

static inline bool is_dirty(const struct dirty_map *map, uint64_t grain)
{
	const struct dirty_page *page = page_of(map, grain / DIRTY_PAGE_GRAINS);

	return page && bit(page->dirty, grain % DIRTY_PAGE_GRAINS);
}

static inline uint64_t grains_of(uint64_t size_bytes)
{
	return size_bytes / DIRTY_GRAIN_BYTES + (size_bytes % DIRTY_GRAIN_BYTES != 0);
}

#endif
