/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names that were found in one directory, and the queue of them between the walk and the threads
 * that copy.
 *
 * A thread that comes for work gets a batch of its own while there is one, so that threads are in
 * different directories, which the kernel lets only one change at a time; then it helps with one
 * that others have begun. Who finds names waits while many batches wait.
 */
#ifndef LOVFS_TREE_BATCHES_H
#define LOVFS_TREE_BATCHES_H

#include "base/attr.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct dirpair;

struct batch_entry {
	const char *src_name, *dst_name; /* borrowed of the batch's buffer */
	uint64_t ino;
	unsigned char type; /* DT_REG, ...; DT_UNKNOWN */
};

struct batch {
	struct dirpair *dir; /* borrowed: the caller's matter */
	void *buffer;        /* owned: may be NULL */
	/* the queue's: */
	struct batch *next;
	unsigned int workers;
	atomic_uint taken;
	/* constant once it is queued: */
	unsigned int count;
	struct batch_entry entries[];
};

/* Takes buffer, also on failure (NULL). Room for cap entries. */
struct batch *batch_new(struct dirpair *dir, void *buffer, unsigned int cap);
void batch_free(struct batch *b);

/* The next entry that nobody has taken; NULL: none. Any thread that works on it. */
const struct batch_entry *batch_take(struct batch *b);

struct batches;

/* room: batches that wait before the one who adds them does. */
int MUST_CHECK batches_new(unsigned int room, struct batches **ret_queue);
void batches_free(struct batches *q);

/* Takes the batch. One thread. */
void batches_add(struct batches *q, struct batch *b);

/* Waits until there is one to work on; NULL after batches_end() when there are no more. */
struct batch *batches_get(struct batches *q);

/* batch_take() has returned NULL. True: the caller was the last to work on it; it frees it, and calls
 * batches_done() when what belongs to it is released. */
bool MUST_CHECK batches_leave(struct batches *q, struct batch *b);
void batches_done(struct batches *q);

/* Waits until all that were added are done. The thread that adds. */
void batches_wait_idle(struct batches *q);

/* There will be no more. */
void batches_end(struct batches *q);

#endif
