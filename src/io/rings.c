/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "io/rings.h"

#include "base/checked.h"
#include "base/units.h"

#include <errno.h>

/* Larger requests don't make a device faster, and more of them don't either. */
#define SLOT_BYTES MIB
#define SLOT_BYTES_MIN (64 * KIB)
#define SLOTS 8
#define SLOTS_MIN 2

void rings_init(struct rings *r, uint64_t max_bytes)
{
	uint64_t slot = align_down(max_bytes / SLOTS, SLOT_BYTES_MIN), slots;

	slot = MIN_OF(MAX_OF(slot, SLOT_BYTES_MIN), SLOT_BYTES);
	slots = MIN_OF(MAX_OF(max_bytes / slot, SLOTS_MIN), SLOTS);
	*r = (struct rings){
		.slots = (unsigned int)slots,
		.slot_bytes = (size_t)slot,
		.max = (unsigned int)MIN_OF(MAX_OF(max_bytes / (slot * slots), 1), RINGS_MAX),
	};
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->given, NULL);
}

void rings_release(struct rings *r)
{
	while (r->idle_count > 0)
		uring_free(r->idle[--r->idle_count]);
	pthread_cond_destroy(&r->given);
	pthread_mutex_destroy(&r->lock);
}

/* The lock is held, and given up while one is made. */
static int make_locked(struct rings *r, struct uring **ret_ring)
{
	int err;

	r->made++;
	pthread_mutex_unlock(&r->lock);
	err = uring_new(r->slots, r->slot_bytes, ret_ring);
	pthread_mutex_lock(&r->lock);
	if (!err)
		return 0;
	r->made--;
	if (err == -EPERM || err == -ENOSYS)
		r->refused = err;
	/* Once refused there is nothing to wait for; otherwise the next one may try. */
	if (r->refused)
		pthread_cond_broadcast(&r->given);
	else
		pthread_cond_signal(&r->given);
	return err;
}

int rings_take(struct rings *r, struct uring **ret_ring)
{
	int err;

	pthread_mutex_lock(&r->lock);
	while (!r->refused && !r->idle_count && r->made == r->max)
		pthread_cond_wait(&r->given, &r->lock);
	err = r->refused;
	if (!err && r->idle_count)
		*ret_ring = r->idle[--r->idle_count];
	else if (!err)
		err = make_locked(r, ret_ring);
	pthread_mutex_unlock(&r->lock);
	return err;
}

void rings_give(struct rings *r, struct uring *ring)
{
	pthread_mutex_lock(&r->lock);
	r->idle[r->idle_count++] = ring;
	pthread_cond_signal(&r->given);
	pthread_mutex_unlock(&r->lock);
}
