/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which ranges of a copy of a file (a stale mirror, or a victim that is to take the file's place) are
 * out of date, in grains of 64 KiB. Any thread may call.
 *
 * A grain is dirty, or taken (somebody is copying it), or clean; a taken one that is written again is
 * dirty again. From the tail on, if there is one, all is dirty: a map is born with its tail at 0
 * (everything is out of date), and a file that is cut moves the tail to its new end. Grains from
 * DIRTY_MAP_GRAINS_MAX on are only known as a tail.
 *
 * In memory, or with a file that says the same, for whoever opens it later:
 *
 *   0   8   magic "lovfsdm1"
 *   8  16   FID of the file: u64 seq, u32 oid, u32 ver
 *  24   4   mirror id
 *  28   4   generation of the layout at which the mirror became stale (mirror_change_stale_gen())
 *  32   8   tail, in grains; all ones: none
 *  40   4   grain in bytes (65536)
 *  44   4   0
 *  48   8   how many bytes of bits there are at least: a shorter file has been cut
 *  56       zeros up to 4096
 *  4096     one bit for each grain, lowest bit first; grains behind the last byte are clean
 *
 * All little-endian. In the file a grain is marked until it is clean: a taken one still is. Marks are
 * written with pwrite(2) before the change is issued and not synced: they survive the death of the
 * process, not of the machine. Whoever keeps the files decides whether they may be trusted
 * (mdt/dirty_file.h).
 */
#ifndef LOVFS_FILE_DIRTY_MAP_H
#define LOVFS_FILE_DIRTY_MAP_H

#include "base/attr.h"
#include "base/fid.h"

#include <stdbool.h>
#include <stdint.h>

#define DIRTY_GRAIN_BYTES 65536u
#define DIRTY_MAP_GRAINS_MAX (UINT64_C(1) << 32) /* 256 TiB */

struct dirty_map; /* opaque */

struct dirty_map_id {
	struct fid file;
	uint32_t mirror_id;
	uint32_t generation;
};

/* In memory only. `whole`: all is dirty; otherwise nothing. -ENOMEM. */
int MUST_CHECK dirty_map_new(bool whole, struct dirty_map **ret_map);

/* The same with a file: fd, an empty one open for reading and writing, is taken over, also on
 * failure. Nothing is synced. */
int MUST_CHECK dirty_map_create(int fd, const struct dirty_map_id *id, bool whole,
				struct dirty_map **ret_map);

/* From its file (fd taken over, also on failure): all that is marked is dirty. -EUCLEAN with text:
 * truncated, malformed, or not the map of that mirror and generation. */
int MUST_CHECK dirty_map_load(int fd, const struct dirty_map_id *id, struct dirty_map **ret_map);

/* NULL is fine. */
void dirty_map_free(struct dirty_map *map);

/*
 * Before [start, end) is changed. When it returns 0 the file says so. Where the bits can't be written
 * (no room), all of the map becomes dirty instead; an error means that not even that could be
 * written: then the change must not be made. Of a range of more than 1 TiB, or past
 * DIRTY_MAP_GRAINS_MAX, all from its start on becomes dirty.
 */
int MUST_CHECK dirty_map_mark(struct dirty_map *map, uint64_t start, uint64_t end);
/* The same for all from `start` on: before the file is cut to that length. */
int MUST_CHECK dirty_map_mark_from(struct dirty_map *map, uint64_t start);

bool dirty_map_is_clean(struct dirty_map *map); /* nothing dirty, nothing taken */
/* Bytes that are dirty in a file of that size; taken ones don't count. */
uint64_t dirty_map_dirty_bytes(struct dirty_map *map, uint64_t size_bytes);

/* Of a file of that size the tail is noted as grains, and only the grain that its end is in, and what is
 * behind, is the tail: a tail is copied whole or not at all. Nothing may be taken. Where it can't be noted,
 * nothing changes. */
void dirty_map_spread_tail(struct dirty_map *map, uint64_t size_bytes);

struct dirty_range {
	uint64_t start, end; /* bytes; multiples of the grain, but for what is the file's end */
	bool tail;           /* the copy is to be cut to `start` before the range is copied to it */
};

/*
 * Takes the first dirty range that ends after `from`: up to max_bytes (at least a grain) of
 * neighbouring dirty grains below size_bytes, or the tail. A tail is taken whole, also where the file
 * ends before it (then start == end == size_bytes: only to be cut), and so are dirty grains behind
 * the end of the file; but not where `from` is behind it. What was written again may be taken again;
 * then neither range is reported as copied before both are. False: there is none.
 * No change may be under way: the caller holds off those who mark (and asks for the size while it
 * does), or a change that was marked before and is issued after the range is read would be lost.
 */
bool dirty_map_take(struct dirty_map *map, uint64_t from, uint64_t max_bytes, uint64_t size_bytes,
		    struct dirty_range *ret_range);

/* The range was copied and is durable: what of it wasn't written again is clean, also in the file.
 * `tail`: it was the tail. An error only means that the file still says dirty. */
int MUST_CHECK dirty_map_copied(struct dirty_map *map, const struct dirty_range *range);

/* Whoever took ranges has given up: they are dirty again. */
void dirty_map_give_back(struct dirty_map *map);

/* Everything is dirty. */
int MUST_CHECK dirty_map_mark_all(struct dirty_map *map);

/* Makes the file durable. Nothing to do for one in memory. */
int MUST_CHECK dirty_map_sync(struct dirty_map *map);

#endif
