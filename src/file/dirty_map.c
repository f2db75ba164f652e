/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "file/dirty_map.h"

#include "base/error.h"
#include "base/sys.h"
#include "file/dirty_bits.h"

#include <errno.h>

/* A longer range isn't noted grain by grain: all from its start on becomes dirty. 1 TiB, for which the
 * bits take 2 MiB. */
#define RANGE_GRAINS_MAX (UINT64_C(1) << 24)

/* ---- a map's life ---- */

static int make_map(int fd, uint64_t tail, struct dirty_map **ret_map)
{
	struct dirty_map *map = calloc(1, sizeof(*map));

	if (!map) {
		fd_cleanup(&fd);
		return fail(-ENOMEM, "no memory for a dirty map");
	}
	pthread_mutex_init(&map->lock, NULL);
	map->fd = fd;
	map->tail = tail;
	map->taken_tail = DIRTY_TAIL_NONE;
	map->file_tail = DIRTY_TAIL_NONE;
	*ret_map = map;
	return 0;
}

int dirty_map_new(bool whole, struct dirty_map **ret_map)
{
	return make_map(-1, whole ? 0 : DIRTY_TAIL_NONE, ret_map);
}

int dirty_map_create(int fd, const struct dirty_map_id *id, bool whole, struct dirty_map **ret_map)
{
	struct dirty_map *map;
	int err = make_map(fd, whole ? 0 : DIRTY_TAIL_NONE, &map);

	if (err)
		return err;
	err = dirty_map_file_begin(map, id);
	if (err) {
		dirty_map_free(map);
		return err;
	}
	*ret_map = map;
	return 0;
}

int dirty_map_load(int fd, const struct dirty_map_id *id, struct dirty_map **ret_map)
{
	struct dirty_map *map;
	int err = make_map(fd, DIRTY_TAIL_NONE, &map);

	if (err)
		return err;
	err = dirty_map_file_load(map, id);
	if (err) {
		dirty_map_free(map);
		return err;
	}
	*ret_map = map;
	return 0;
}

void dirty_map_free(struct dirty_map *map)
{
	if (!map)
		return;
	for (size_t i = 0; i < map->page_count; i++)
		free(map->pages[i]);
	free(map->pages);
	fd_cleanup(&map->fd);
	pthread_mutex_destroy(&map->lock);
	free(map);
}

/* ---- marking ---- */

static int mark_tail_locked(struct dirty_map *map, uint64_t tail)
{
	int err;

	if (tail >= map->tail)
		return 0;
	err = dirty_map_file_set_tail(map, MIN_OF(tail, map->file_tail));
	if (err)
		return err;
	map->tail = tail;
	return 0;
}

static bool all_dirty(const struct dirty_map *map, const struct part *p)
{
	const struct dirty_page *page = page_of(map, p->page_idx);

	for (size_t i = first_byte(p); page && i < end_byte(p); i++) {
		if (mask_of(p, i) & ~page->dirty[i])
			return false;
	}
	return page != NULL;
}

static int mark_part_locked(struct dirty_map *map, const struct part *p)
{
	uint8_t bits[DIRTY_PAGE_BYTES];
	struct dirty_page *page;
	int err;

	if (all_dirty(map, p))
		return 0;
	page = dirty_map_page_make(map, p->page_idx);
	if (!page)
		return -ENOMEM;
	for (size_t i = first_byte(p); i < end_byte(p); i++)
		bits[i] = page->marked[i] | mask_of(p, i);
	err = dirty_map_file_set_bits(map, p->page_idx, first_byte(p), end_byte(p),
				      bits + first_byte(p));
	for (size_t i = first_byte(p); !err && i < end_byte(p); i++)
		page->dirty[i] |= mask_of(p, i);
	return err;
}

/* Where some of it can't be noted, what was noted of the rest does no harm. */
static int mark_grains_locked(struct dirty_map *map, uint64_t grain, uint64_t end)
{
	int err = 0;

	while (!err && grain < end) {
		struct part p = part_at(grain, end);

		err = mark_part_locked(map, &p);
		grain += p.end - p.first;
	}
	return err;
}

static int mark_range_locked(struct dirty_map *map, uint64_t grain, uint64_t end)
{
	if (end > DIRTY_MAP_GRAINS_MAX || (end > grain && end - grain > RANGE_GRAINS_MAX))
		return mark_tail_locked(map, grain);
	/* All is dirty behind the tail, and the file's header has room. */
	if (mark_grains_locked(map, grain, MIN_OF(end, map->tail)))
		return mark_tail_locked(map, 0);
	return 0;
}

int dirty_map_mark(struct dirty_map *map, uint64_t start, uint64_t end)
{
	int err;

	if (start >= end)
		return 0;
	pthread_mutex_lock(&map->lock);
	err = mark_range_locked(map, start / DIRTY_GRAIN_BYTES, (end - 1) / DIRTY_GRAIN_BYTES + 1);
	pthread_mutex_unlock(&map->lock);
	return err;
}

int dirty_map_mark_from(struct dirty_map *map, uint64_t start)
{
	int err;

	pthread_mutex_lock(&map->lock);
	err = mark_tail_locked(map, start / DIRTY_GRAIN_BYTES);
	pthread_mutex_unlock(&map->lock);
	return err;
}

int dirty_map_mark_all(struct dirty_map *map)
{
	return dirty_map_mark_from(map, 0);
}

/*
 * The grains first: at no time does the file say less than before. A grain that the file ends in stays in
 * the tail: what the copy has behind that end is cut off with the tail only, and by then the file
 * may be longer.
 */
void dirty_map_spread_tail(struct dirty_map *map, uint64_t size_bytes)
{
	uint64_t end = MIN_OF(size_bytes / DIRTY_GRAIN_BYTES, DIRTY_MAP_GRAINS_MAX);

	pthread_mutex_lock(&map->lock);
	if (map->tail < end && end - map->tail <= RANGE_GRAINS_MAX &&
	    map->taken_tail == DIRTY_TAIL_NONE && mark_grains_locked(map, map->tail, end) == 0) {
		map->tail = end;
		(void)!dirty_map_file_set_tail(map, end);
	}
	pthread_mutex_unlock(&map->lock);
}

/* ---- asking ---- */

static bool page_is_clean(const struct dirty_page *page)
{
	for (size_t i = 0; page && i < DIRTY_PAGE_BYTES; i++) {
		if (page->dirty[i] | page->taken[i])
			return false;
	}
	return true;
}

bool dirty_map_is_clean(struct dirty_map *map)
{
	bool clean;

	pthread_mutex_lock(&map->lock);
	clean = map->tail == DIRTY_TAIL_NONE && map->taken_tail == DIRTY_TAIL_NONE;
	for (size_t i = 0; clean && i < map->page_count; i++)
		clean = page_is_clean(map->pages[i]);
	pthread_mutex_unlock(&map->lock);
	return clean;
}

static uint64_t count_dirty(const struct dirty_map *map, uint64_t end)
{
	uint64_t count = 0;

	end = MIN_OF(end, grains_known(map));
	for (uint64_t grain = 0; grain < end; grain += DIRTY_PAGE_GRAINS) {
		struct part p = part_at(grain, end);
		const struct dirty_page *page = map->pages[p.page_idx];

		for (size_t i = 0; page && i < end_byte(&p); i++)
			count += (unsigned int)__builtin_popcount(page->dirty[i] & mask_of(&p, i));
	}
	return count;
}

static uint64_t dirty_bytes_locked(const struct dirty_map *map, uint64_t size_bytes)
{
	uint64_t grains = grains_of(size_bytes), bytes;

	if (map->tail < grains)
		return count_dirty(map, map->tail) * DIRTY_GRAIN_BYTES + size_bytes -
		       map->tail * DIRTY_GRAIN_BYTES;
	bytes = count_dirty(map, grains) * DIRTY_GRAIN_BYTES;
	if (grains && is_dirty(map, grains - 1)) /* the last one may be a part of a grain */
		bytes -= grains * DIRTY_GRAIN_BYTES - size_bytes;
	return bytes;
}

uint64_t dirty_map_dirty_bytes(struct dirty_map *map, uint64_t size_bytes)
{
	uint64_t bytes;

	pthread_mutex_lock(&map->lock);
	bytes = dirty_bytes_locked(map, size_bytes);
	pthread_mutex_unlock(&map->lock);
	return bytes;
}

int dirty_map_sync(struct dirty_map *map)
{
	int err = map->fd < 0 ? 0 : sys_fdatasync(map->fd);

	return err ? fail_sys(err, "sync dirty map") : 0;
}
