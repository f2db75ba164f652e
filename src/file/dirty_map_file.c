/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The file of a dirty map: format in dirty_map.h.
 *
 * What a failed write has left isn't known. From then on the file is taken to say the least that it
 * may say, so that a grain is marked once too often rather than once too few.
 */
#include "base/checked.h"
#include "base/cursor.h"
#include "base/error.h"
#include "base/sys.h"
#include "file/dirty_map_impl.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define MAGIC "lovfsdm1"
#define MAGIC_BYTES 8u
#define HEADER_BYTES 4096u
#define HEADER_FIELDS_BYTES 56u
#define TAIL_AT 32u
#define LENGTH_AT 48u
#define BITS_MAX_BYTES (DIRTY_MAP_GRAINS_MAX / 8)
#define TAIL_MAX (UINT64_MAX / DIRTY_GRAIN_BYTES)

static uint64_t page_at(uint64_t page_idx)
{
	return HEADER_BYTES + page_idx * DIRTY_PAGE_BYTES;
}

static int put_number(struct dirty_map *map, uint64_t value, uint64_t at)
{
	uint8_t buf[8];
	struct writer w = writer_of(buf, sizeof(buf));

	le64_put(&w, value);
	return sys_pwrite_full(map->fd, buf, sizeof(buf), at);
}

/* ---- writing ---- */

int dirty_map_file_begin(struct dirty_map *map, const struct dirty_map_id *id)
{
	uint8_t buf[HEADER_BYTES];
	struct writer w = writer_of(buf, sizeof(buf));
	int err;

	bytes_put(&w, MAGIC, MAGIC_BYTES);
	le64_put(&w, id->file.seq);
	le32_put(&w, id->file.oid);
	le32_put(&w, id->file.ver);
	le32_put(&w, id->mirror_id);
	le32_put(&w, id->generation);
	le64_put(&w, map->tail);
	le32_put(&w, DIRTY_GRAIN_BYTES);
	le32_put(&w, 0);
	le64_put(&w, 0);
	zeros_put(&w, HEADER_BYTES - HEADER_FIELDS_BYTES);
	err = sys_pwrite_full(map->fd, buf, sizeof(buf), 0);
	if (err)
		return fail_sys(err, "mirror %" PRIu32 ": write dirty map", id->mirror_id);
	map->file_tail = map->tail;
	return 0;
}

int dirty_map_file_set_tail(struct dirty_map *map, uint64_t tail)
{
	int err;

	if (map->fd < 0 || tail == map->file_tail)
		return 0;
	err = put_number(map, tail, TAIL_AT);
	map->file_tail = err ? MAX_OF(tail, map->file_tail) : tail;
	return err ? fail_sys(err, "write dirty map") : 0;
}

/* Room for the page in the file, in whole pages, so that it is seldom needed. */
static int make_room(struct dirty_map *map, uint64_t page_idx)
{
	uint64_t need_bytes = (page_idx + 1) * DIRTY_PAGE_BYTES;
	int err;

	if (need_bytes > map->file_bytes) {
		err = sys_ftruncate(map->fd, HEADER_BYTES + need_bytes);
		if (err)
			return err;
		map->file_bytes = need_bytes;
	}
	if (need_bytes > map->claimed_bytes) {
		err = put_number(map, need_bytes, LENGTH_AT);
		if (err)
			return err;
		map->claimed_bytes = need_bytes;
	}
	return 0;
}

int dirty_map_file_set_bits(struct dirty_map *map, uint64_t page_idx, size_t first, size_t end,
			    const uint8_t *bits)
{
	uint8_t *marked = map->pages[page_idx]->marked;
	int err;

	if (map->fd < 0)
		return 0;
	while (first < end && marked[first] == *bits)
		first++, bits++;
	while (first < end && marked[end - 1] == bits[end - 1 - first])
		end--;
	if (first == end)
		return 0;
	err = make_room(map, page_idx);
	if (!err)
		err = sys_pwrite_full(map->fd, bits, end - first, page_at(page_idx) + first);
	for (size_t i = first; i < end; i++)
		marked[i] = err ? marked[i] & bits[i - first] : bits[i - first];
	return err ? fail_sys(err, "write dirty map") : 0;
}

/* ---- reading ---- */

static bool all_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i])
			return false;
	}
	return true;
}

static int malformed(const struct dirty_map_id *id, const char *why)
{
	return fail(-EUCLEAN, "dirty map of mirror %" PRIu32 ": %s", id->mirror_id, why);
}

static int read_header(struct dirty_map *map, struct reader *r, const struct dirty_map_id *id)
{
	const uint8_t *magic = reader_take(r, MAGIC_BYTES), *rest;
	uint32_t mirror_id, generation, grain, zero;
	struct fid file;

	file.seq = le64_get(r);
	file.oid = le32_get(r);
	file.ver = le32_get(r);
	mirror_id = le32_get(r);
	generation = le32_get(r);
	map->tail = le64_get(r);
	grain = le32_get(r);
	zero = le32_get(r);
	map->claimed_bytes = le64_get(r);
	rest = reader_take(r, HEADER_BYTES - HEADER_FIELDS_BYTES);
	if (r->bad)
		return malformed(id, "is cut off");
	if (memcmp(magic, MAGIC, MAGIC_BYTES) != 0)
		return malformed(id, "is none");
	if (grain != DIRTY_GRAIN_BYTES || zero ||
	    !all_zero(rest, HEADER_BYTES - HEADER_FIELDS_BYTES))
		return malformed(id, "is of a kind that isn't known");
	if (!fid_equal(file, id->file) || mirror_id != id->mirror_id)
		return malformed(id, "is another mirror's");
	if (generation != id->generation)
		return malformed(id, "is of another generation");
	if (map->tail > TAIL_MAX && map->tail != DIRTY_TAIL_NONE)
		return malformed(id, "its tail is out of range");
	map->file_tail = map->tail;
	return 0;
}

static int check_length(struct dirty_map *map, const struct dirty_map_id *id)
{
	struct stat st;
	int err = sys_fstat(map->fd, &st);

	if (err)
		return fail_sys(err, "mirror %" PRIu32 ": stat dirty map", id->mirror_id);
	map->file_bytes = (uint64_t)st.st_size - HEADER_BYTES;
	if ((uint64_t)st.st_size < HEADER_BYTES || map->file_bytes < map->claimed_bytes)
		return malformed(id, "is cut off");
	if (map->file_bytes > BITS_MAX_BYTES)
		return malformed(id, "is too long");
	return 0;
}

static int read_page(struct dirty_map *map, uint64_t page_idx)
{
	uint8_t bits[DIRTY_PAGE_BYTES];
	struct dirty_page *page;
	ssize_t n = sys_pread_full(map->fd, bits, sizeof(bits), page_at(page_idx));

	if (n < 0)
		return (int)n;
	if (all_zero(bits, (size_t)n))
		return 0;
	page = dirty_map_page_make(map, page_idx);
	if (!page)
		return -ENOMEM;
	memcpy(page->dirty, bits, (size_t)n);
	memcpy(page->marked, bits, (size_t)n);
	return 0;
}

/* Pages that are holes in the file aren't looked at. */
static int read_pages(struct dirty_map *map)
{
	uint64_t at = HEADER_BYTES, end = HEADER_BYTES + map->file_bytes;
	int err;

	while (at < end) {
		uint64_t page_idx;

		err = sys_seek(map->fd, at, SEEK_DATA, &at);
		if (err == -ENXIO)
			return 0;
		if (err)
			return err;
		page_idx = (at - HEADER_BYTES) / DIRTY_PAGE_BYTES;
		err = at < end ? read_page(map, page_idx) : 0;
		if (err)
			return err;
		at = page_at(page_idx + 1);
	}
	return 0;
}

int dirty_map_file_load(struct dirty_map *map, const struct dirty_map_id *id)
{
	uint8_t buf[HEADER_BYTES];
	ssize_t n = sys_pread_full(map->fd, buf, sizeof(buf), 0);
	struct reader r;
	int err;

	if (n < 0)
		return fail_sys((int)n, "mirror %" PRIu32 ": read dirty map", id->mirror_id);
	r = reader_of(buf, (size_t)n);
	err = read_header(map, &r, id);
	if (!err)
		err = check_length(map, id);
	if (err)
		return err;
	err = read_pages(map);
	return err ? fail_sys(err, "mirror %" PRIu32 ": read dirty map", id->mirror_id) : 0;
}
