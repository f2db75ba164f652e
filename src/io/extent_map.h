/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where files have data, for several threads that go through them: the extents (holes and data) that were found last,
 * with their whole length. Each is searched for once: who needs what another may be finding just now waits for it. A
 * search may cost a round trip to each server, or go through all extents of a large hole.
 *
 * It is for one copy of what was there when that began: what becomes data meanwhile may still be told to be a hole,
 * and the reverse. Any thread may call.
 */
#ifndef LOVFS_IO_EXTENT_MAP_H
#define LOVFS_IO_EXTENT_MAP_H

#include "base/attr.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* More than threads are at work on one copy, mostly. */
#define EXTENT_MAP_MAX 32

struct extent_map {
	pthread_mutex_t lock;
	pthread_cond_t ended; /* a search has */
	/* guarded by lock: */
	struct extent {
		int fd;
		uint64_t from, to;    /* from == to: nothing there */
		bool hole, searching; /* searching: from `from` on, `to` isn't known yet */
	} extents[EXTENT_MAP_MAX];
	unsigned int next; /* the one that is replaced next */
};

void extent_map_init(struct extent_map *m);
void extent_map_release(struct extent_map *m);

/*
 * As holes_at() of io/holes.h, and *ret_end may be far past what is of use: up to INT64_MAX. fd stays what it is while
 * the map is in use. *ret_asked (may be NULL): it wasn't known yet.
 */
int MUST_CHECK extent_map_look(struct extent_map *m, int fd, uint64_t pos, const atomic_bool *stop,
			       bool *ret_hole, uint64_t *ret_end, bool *ret_asked);

#endif
