/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The list of what is left to copy when everything that can be shared has been: parts of pieces, as
 * they are handed to workers. PURE.
 */
#ifndef LOVFS_COPY_CHUNKS_H
#define LOVFS_COPY_CHUNKS_H

#include "copy/plan.h"

#include <stdbool.h>
#include <sys/types.h>

struct chunk {
	const struct copy_piece *piece; /* borrowed */
	uint64_t offset, len_bytes;     /* in the piece */
	dev_t dst_dev;
};

struct chunks {
	struct chunk *list; /* owned */
	size_t count, room;
	uint64_t len_bytes; /* sum */
};

/* -ENOMEM, with its text. */
int MUST_CHECK chunks_add(struct chunks *c, const struct chunk *chunk);

/* Frees the list. Zeroed chunks are fine. */
void chunks_release(struct chunks *c);

/*
 * Prepares the list for several workers that take it from the front: cuts long chunks where the
 * destination offset is a multiple of step_bytes, and orders them so that neighbours in the list
 * are in different destination devices, and different objects of them, as long as there are any;
 * within an object the order of the bytes is kept.
 */
int MUST_CHECK chunks_spread(struct chunks *c, uint64_t step_bytes);

#endif
