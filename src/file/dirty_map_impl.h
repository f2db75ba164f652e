/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of struct dirty_map, for dirty_map.c (what is dirty), dirty_map_take.c (what is copied) and
 * dirty_map_file.c (where it is noted). */
#ifndef LOVFS_FILE_DIRTY_MAP_IMPL_H
#define LOVFS_FILE_DIRTY_MAP_IMPL_H

#include "file/dirty_map.h"

#include <pthread.h>
#include <stddef.h>

#define DIRTY_PAGE_BYTES 4096u
#define DIRTY_PAGE_GRAINS (8u * DIRTY_PAGE_BYTES)
#define DIRTY_TAIL_NONE UINT64_MAX

/* The bits of a page's grains. In a map with a file every bit of dirty and taken is in marked, too. */
struct dirty_page {
	uint8_t dirty[DIRTY_PAGE_BYTES];
	uint8_t taken[DIRTY_PAGE_BYTES];
	uint8_t marked[DIRTY_PAGE_BYTES]; /* what the file says, or less: see set_bits() */
};

struct dirty_map {
	pthread_mutex_t
		lock;  /* guards all but fd, and is held while the file is written: marks that
				 two threads need must be there for both */
	int fd;        /* -1: in memory only; constant */
	uint64_t tail; /* in grains, from which on all is dirty; DIRTY_TAIL_NONE */
	uint64_t taken_tail;
	uint64_t file_tail;        /* what the file says, or more (less is dirty) */
	uint64_t file_bytes;       /* room for bits in the file */
	uint64_t claimed_bytes;    /* how much of it the header says there is, or less */
	struct dirty_page **pages; /* page_count of them, owned; NULL: all clean */
	size_t page_count;
};

/* dirty_map_page.c: the page, made where there is none. NULL: no memory. */
struct dirty_page *dirty_map_page_make(struct dirty_map *map, uint64_t page_idx);

/* All of what follows is done under the lock and does nothing without a file. */

/* Begins the file. */
int MUST_CHECK dirty_map_file_begin(struct dirty_map *map, const struct dirty_map_id *id);

/* Fills an empty map with what its file says. As dirty_map_load(). */
int MUST_CHECK dirty_map_file_load(struct dirty_map *map, const struct dirty_map_id *id);

/* The file says that all is dirty from `tail` on. */
int MUST_CHECK dirty_map_file_set_tail(struct dirty_map *map, uint64_t tail);

/* The file says `bits` of the page's bytes [first, end), which bits[0] belongs to the first of. */
int MUST_CHECK dirty_map_file_set_bits(struct dirty_map *map, uint64_t page_idx, size_t first,
				       size_t end, const uint8_t *bits);

#endif
