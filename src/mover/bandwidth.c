/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/bandwidth.h"

#include "base/attr.h"
#include "base/checked.h"
#include "base/clock.h"
#include "base/units.h"

#include <stdbool.h>
#include <time.h>

#define GRAIN_BYTES (64 * KIB)
#define PORTIONS_PER_S 10
#define BURST_NS (100 * NS_PER_MS) /* idle time that may be made up for */
#define NAP_NS (20 * NS_PER_MS)    /* how often a waiting thread looks at *stop */

void bandwidth_init(struct bandwidth *b, uint64_t bytes_per_s)
{
	*b = (struct bandwidth){ .bytes_per_s = bytes_per_s };
	pthread_mutex_init(&b->lock, NULL);
}

void bandwidth_release(struct bandwidth *b)
{
	pthread_mutex_destroy(&b->lock);
}

uint64_t bandwidth_portion(const struct bandwidth *b)
{
	if (!b || b->bytes_per_s == 0)
		return UINT64_MAX;
	return MAX_OF(align_down(b->bytes_per_s / PORTIONS_PER_S, GRAIN_BYTES), GRAIN_BYTES);
}

static uint64_t cost_ns(const struct bandwidth *b, uint64_t bytes)
{
	return (uint64_t)((double)bytes / (double)b->bytes_per_s * (double)NS_PER_S);
}

/* When the caller may go on. */
static uint64_t charge(struct bandwidth *b, uint64_t bytes)
{
	uint64_t now = clock_now_ns(), due;

	pthread_mutex_lock(&b->lock);
	if (b->due_ns + BURST_NS < now)
		b->due_ns = now - BURST_NS;
	b->due_ns += cost_ns(b, bytes);
	due = b->due_ns;
	pthread_mutex_unlock(&b->lock);
	return due;
}

void bandwidth_charge(struct bandwidth *b, uint64_t bytes, const atomic_bool *stop)
{
	uint64_t due, now;

	if (!b || b->bytes_per_s == 0)
		return;
	due = charge(b, bytes);
	while ((now = clock_now_ns()) < due && !(stop && atomic_load(stop))) {
		struct timespec nap = { .tv_nsec = (long)MIN_OF(due - now, NAP_NS) };

		nanosleep(&nap, NULL);
	}
}
