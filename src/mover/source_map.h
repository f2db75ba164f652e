/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a file that doesn't change has data, in whole blocks, for several threads that go through it
 * (io/extent_map.h). */
#ifndef LOVFS_MOVER_SOURCE_MAP_H
#define LOVFS_MOVER_SOURCE_MAP_H

#include "base/attr.h"
#include "io/extent_map.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct source_map {
	int fd;       /* borrowed */
	uint64_t end; /* nothing behind it is asked for */
	size_t align;
	const atomic_bool *stop; /* may be NULL */
	struct extent_map extents;
};

void source_map_init(struct source_map *m, int fd, uint64_t end, size_t align,
		     const atomic_bool *stop);
void source_map_release(struct source_map *m);

/*
 * What is at `offset`, a multiple of align: a hole or data, and up to where: *ret_next is a multiple, too, or
 * `limit`. A block that has both is data. -EAGAIN: the file ends before m->end. -ECANCELED.
 */
int MUST_CHECK source_map_look(struct source_map *m, uint64_t offset, uint64_t limit,
			       bool *ret_hole, uint64_t *ret_next);

#endif
