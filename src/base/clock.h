/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Time that only goes forward. */
#ifndef LOVFS_BASE_CLOCK_H
#define LOVFS_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_MS ((uint64_t)1000000)
#define NS_PER_S ((uint64_t)1000000000)

/* Nanoseconds since some fixed moment. */
static inline uint64_t clock_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

#endif
