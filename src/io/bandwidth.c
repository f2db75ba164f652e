/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "io/bandwidth.h"

#include "base/attr.h"
#include "base/checked.h"
#include "base/clock.h"
#include "base/units.h"

#include <time.h>

#define GRAIN_BYTES (64 * KIB)
#define PORTIONS_PER_S 100
#define BURST_NS (20 * NS_PER_MS) /* idle time that may be made up for */
#define NAP_NS (20 * NS_PER_MS)   /* how often a waiting thread looks at *stop */

void bandwidth_init(struct bandwidth *b, uint64_t bytes_per_s)
{
	*b = (struct bandwidth){ .bytes_per_s = bytes_per_s };
	pthread_mutex_init(&b->lock, NULL);
}

void bandwidth_release(struct bandwidth *b)
{
	pthread_mutex_destroy(&b->lock);
}

static bool unlimited(const struct bandwidth *b)
{
	return !b || b->bytes_per_s == 0;
}

uint64_t bandwidth_portion(const struct bandwidth *b)
{
	if (unlimited(b))
		return UINT64_MAX;
	return MAX_OF(align_down(b->bytes_per_s / PORTIONS_PER_S, GRAIN_BYTES), GRAIN_BYTES);
}

static uint64_t cost_ns(const struct bandwidth *b, uint64_t bytes)
{
	return (uint64_t)((double)bytes / (double)b->bytes_per_s * (double)NS_PER_S);
}

/* When these bytes may go. */
static uint64_t take_turn(struct bandwidth *b, uint64_t bytes)
{
	uint64_t now = clock_now_ns(), turn;

	pthread_mutex_lock(&b->lock);
	turn = MAX_OF(b->next_ns, now - BURST_NS);
	b->next_ns = turn + cost_ns(b, bytes);
	pthread_mutex_unlock(&b->lock);
	return turn;
}

void bandwidth_take(struct bandwidth *b, uint64_t bytes, const atomic_bool *stop)
{
	uint64_t turn, now;

	if (unlimited(b))
		return;
	turn = take_turn(b, bytes);
	while ((now = clock_now_ns()) < turn && !(stop && atomic_load(stop))) {
		struct timespec nap = { .tv_nsec = (long)MIN_OF(turn - now, NAP_NS) };

		nanosleep(&nap, NULL);
	}
}

void bandwidth_give_back(struct bandwidth *b, uint64_t bytes)
{
	if (unlimited(b))
		return;
	pthread_mutex_lock(&b->lock);
	b->next_ns -= MIN_OF(cost_ns(b, bytes), b->next_ns);
	pthread_mutex_unlock(&b->lock);
}
