/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A limit of bytes per second that several threads, and several files one after the other, share.
 * What was moved is charged afterwards, and who charged waits until the limit allows more: over any
 * second no more moves than the limit and one portion per thread.
 */
#ifndef LOVFS_MOVER_BANDWIDTH_H
#define LOVFS_MOVER_BANDWIDTH_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct bandwidth {
	uint64_t bytes_per_s; /* constant; 0 = no limit */
	pthread_mutex_t lock;
	uint64_t due_ns; /* guarded by lock: when what was charged so far is paid */
};

void bandwidth_init(struct bandwidth *b, uint64_t bytes_per_s);
void bandwidth_release(struct bandwidth *b);

/* The most to move at once, a multiple of 64 KiB: small enough for a steady flow. UINT64_MAX
 * without a limit. Any thread. */
uint64_t bandwidth_portion(const struct bandwidth *b);

/* Charges bytes that were moved and waits its turn, or until *stop (may be NULL) becomes true. Any
 * thread; b may be NULL. */
void bandwidth_charge(struct bandwidth *b, uint64_t bytes, const atomic_bool *stop);

#endif
