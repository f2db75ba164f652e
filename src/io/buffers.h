/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Large aligned buffers that are used again: memory that the machine touches for the first time
 * costs more than the copy it is needed for.
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
#define BUFFERS_KEPT 4

struct buffers {
	pthread_mutex_t lock;
	unsigned int count;       /* guarded by lock: idle ones, at most BUFFERS_KEPT */
	void *idle[BUFFERS_KEPT]; /* guarded by lock */
};

void buffers_init(struct buffers *b);
/* All buffers taken must have been given back. */
void buffers_release(struct buffers *b);

/* BUFFER_BYTES of memory, aligned to BUFFER_ALIGN, not zeroed; NULL: no memory. Any thread. */
void *buffers_take(struct buffers *b);

/* Gives one back. NULL is fine. */
void buffers_give(struct buffers *b, void *buffer);

#endif
