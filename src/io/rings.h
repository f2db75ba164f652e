/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rings of a ladder, made when they are first needed and used again; no more than its memory allows:
 * who wants one more waits. */
#ifndef LOVFS_IO_RINGS_H
#define LOVFS_IO_RINGS_H

#include "base/attr.h"
#include "io/uring.h"

#include <pthread.h>

#define RINGS_MAX 32

struct rings {
	unsigned int slots, max; /* constant: of each ring; how many rings */
	size_t slot_bytes;       /* constant */
	pthread_mutex_t lock;
	pthread_cond_t given;
	/* guarded by lock: */
	struct uring *idle[RINGS_MAX];
	unsigned int idle_count, made;
	int refused; /* -errno: this process can have none */
};

/* Room for at most max_bytes, of which a ring takes what is good for it: slot_bytes, slots and max say
 * what came of it. At least one ring of two slots. */
void rings_init(struct rings *r, uint64_t max_bytes);
/* All rings that were taken must have been given back. */
void rings_release(struct rings *r);

/* Waits for one where all are in use. A negative errno without text: there is none to be had now; -EPERM
 * and -ENOSYS also later. Any thread, with no other ring or buffer in its hands. */
int MUST_CHECK rings_take(struct rings *r, struct uring **ret_ring);
void rings_give(struct rings *r, struct uring *ring);

#endif
