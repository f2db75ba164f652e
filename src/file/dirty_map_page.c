/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pages of a dirty map's grains. */
#include "file/dirty_map_impl.h"

#include <stdlib.h>

static bool grow_locked(struct dirty_map *map, uint64_t page_idx)
{
	size_t count = MAX_OF(map->page_count, 8u);
	struct dirty_page **pages;

	while (count <= page_idx)
		count *= 2;
	if (count == map->page_count)
		return true;
	pages = realloc(map->pages, count * sizeof(struct dirty_page *));
	if (!pages)
		return false;
	for (size_t i = map->page_count; i < count; i++)
		pages[i] = NULL;
	map->pages = pages;
	map->page_count = count;
	return true;
}

struct dirty_page *dirty_map_page_make(struct dirty_map *map, uint64_t page_idx)
{
	if (!grow_locked(map, page_idx))
		return NULL;
	if (!map->pages[page_idx])
		map->pages[page_idx] = calloc(1, sizeof(struct dirty_page));
	return map->pages[page_idx];
}
