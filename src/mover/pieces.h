/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ranges of a file, cut into pieces that threads work on: each takes a piece, and then the next
 * one, until nothing is left, one of them fails, or *stop. Nothing else is shared by them.
 */
#ifndef LOVFS_MOVER_PIECES_H
#define LOVFS_MOVER_PIECES_H

#include "base/attr.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define PIECES_THREADS_MAX 64

struct piece_range {
	uint64_t start, end; /* bytes */
	uint32_t targets;    /* bit i: target i of the caller needs it */
};

struct piece {
	uint64_t start, end;
	uint32_t targets;
	unsigned int thread; /* which one works on it: 0 to threads - 1 */
};

struct pieces;

struct pieces_request {
	const struct piece_range *ranges; /* borrowed; in order, not overlapping */
	unsigned int range_count;
	uint64_t piece_bytes; /* what a thread takes at a time */
	/* Not 0: one thread begins alone and takes so much at a time, of what one target needs,
	 * until it calls pieces_spread(). */
	uint64_t alone_bytes;
	unsigned int
		threads;   /* 1 to PIECES_THREADS_MAX; no more are started than there are pieces */
	atomic_bool *stop; /* may be NULL */
	/* By each thread, for each piece. 0, or a negative errno with text, which ends it all. */
	int (*work)(struct pieces *p, struct piece *piece, void *cookie);
	/* In the caller's thread, ten times a second while there is work: anything but 0, with text, ends it
	 * all. May be NULL. */
	int (*may_go_on)(void *cookie);
	/* In the caller's thread, about ten times a second and once at the end. May be NULL. */
	void (*progress)(uint64_t done_bytes, void *cookie);
	void *cookie;
};

/* 0 when all pieces are done; otherwise what failed first, with its text. */
int MUST_CHECK pieces_run(const struct pieces_request *req);

/* For work(): */
/* Whether it is to end at once, as *stop is set or something failed. */
bool pieces_stopped(const struct pieces *p);
/* So much more is done. */
void pieces_add_done(struct pieces *p, uint64_t bytes);
/* The piece grows up to `to`, within its range, where nobody has taken what comes after it. */
void pieces_extend(struct pieces *p, struct piece *piece, uint64_t to);
/* All threads are to take part. What is left of the piece from `offset` on, but for piece_bytes,
 * goes back to all. */
void pieces_spread(struct pieces *p, struct piece *piece, uint64_t offset);

#endif
