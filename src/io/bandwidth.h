/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A limit of bytes per second that all threads and all files of a command share. Bytes are taken out
 * of the budget before they are moved, in the order in which threads ask, and each thread waits until its
 * turn has come: over any time T no more moves than the limit allows in T, and 30 ms of it more.
 */
#ifndef LOVFS_IO_BANDWIDTH_H
#define LOVFS_IO_BANDWIDTH_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct bandwidth {
	uint64_t bytes_per_s; /* constant; 0 = no limit */
	pthread_mutex_t lock;
	uint64_t next_ns; /* guarded by lock: when the next bytes may go */
};

void bandwidth_init(struct bandwidth *b, uint64_t bytes_per_s);
void bandwidth_release(struct bandwidth *b);

/* The most to take at once, a multiple of 64 KiB: small enough for a steady flow. UINT64_MAX without a
 * limit. Any thread; b may be NULL. */
uint64_t bandwidth_portion(const struct bandwidth *b);

/* Takes bytes, and waits until they may be moved or *stop (may be NULL) becomes true. Any thread; b
 * may be NULL. */
void bandwidth_take(struct bandwidth *b, uint64_t bytes, const atomic_bool *stop);

/* Gives back bytes that were taken and then not moved. Any thread; b may be NULL. */
void bandwidth_give_back(struct bandwidth *b, uint64_t bytes);

#endif
