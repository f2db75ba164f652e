/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Large aligned buffers that are used again: memory that the machine touches for the first time
 * costs more than the copy it is needed for. No more than were allowed: who wants one more waits.
 */
#ifndef LOVFS_IO_BUFFERS_H
#define LOVFS_IO_BUFFERS_H

#include "base/attr.h"
#include "base/units.h"

#include <pthread.h>

/*
 * As large as helps. Larger writes make larger folios in the page cache, taken from free memory
 * that nobody has touched for long, which on virtual machines is slow to get; measured, 1 MiB took
 * up to three times as long as this.
 */
#define BUFFER_BYTES (256 * KIB)
#define BUFFER_ALIGN 4096
#define BUFFERS_MAX 64

struct buffers {
	unsigned int max; /* constant */
	pthread_mutex_t lock;
	pthread_cond_t given;
	/* guarded by lock: */
	unsigned int made, idle_count;
	void *idle[BUFFERS_MAX];
};

/* As many as max_bytes are enough for; at least one. */
void buffers_init(struct buffers *b, uint64_t max_bytes);
/* All buffers taken must have been given back. */
void buffers_release(struct buffers *b);

/* BUFFER_BYTES of memory, aligned to BUFFER_ALIGN, not zeroed; NULL: no memory. Waits where all are in
 * use. Any thread, with no other buffer or ring in its hands. */
void *buffers_take(struct buffers *b);

/* Gives one back. NULL is fine. */
void buffers_give(struct buffers *b, void *buffer);

#endif
