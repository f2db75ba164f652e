/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the streams of all files that are copied at the same time may have of memory, together. A stream takes
 * some for a piece and gives it back after that, so that it goes from file to file: it is touched for the
 * first time once, and not again for each file. Any thread.
 */
#ifndef LOVFS_MOVER_COPY_MEMORY_H
#define LOVFS_MOVER_COPY_MEMORY_H

#include "base/attr.h"
#include "base/units.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#define COPY_MEMORY_FILE                                                                           \
	(32 * MIB) /* what one file may have, and the least that there is for all */
#define COPY_MEMORY_MAX (128 * MIB)
#define COPY_MEMORY_SIZES 20 /* powers of two, from 4 KiB on: to these lengths are rounded up */

struct copy_memory_idle;

struct copy_memory {
	uint64_t max_bytes; /* constant */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* guarded by lock: */
	uint64_t used_bytes, idle_bytes;
	struct copy_memory_idle *idle[COPY_MEMORY_SIZES]; /* owned: what was given back */
	uint64_t tickets, served; /* who waits gets it in the order of coming */
	unsigned int files;       /* being copied */
};

/* An eighth of the machine's memory, COPY_MEMORY_FILE to COPY_MEMORY_MAX. */
uint64_t copy_memory_default(void);

/* max_bytes: COPY_MEMORY_FILE or more. */
void copy_memory_init(struct copy_memory *m, uint64_t max_bytes);
/* All must have been given back. */
void copy_memory_release(struct copy_memory *m);

/* A file begins to be copied: returns how much it should have, in bytes, with as many files at work as there are
 * now. */
uint64_t copy_memory_begin(struct copy_memory *m);
void copy_memory_end(struct copy_memory *m);

/*
 * Whole pages, for direct I/O. Waits until there are len_bytes, or nobody has any; not with other
 * memory of this in one's hands. Not zeroed. NULL: the system has none.
 */
void *copy_memory_take(struct copy_memory *m, size_t len_bytes);
/* What was taken, of that length. NULL is fine. */
void copy_memory_give(struct copy_memory *m, void *memory, size_t len_bytes);

#endif
