/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Numbers for property tests: splitmix64 from one seed, printed so that a failure can be run again
 * with LOVFS_SEED=NUMBER.
 */
#ifndef LOVFS_UNIT_RANDOM_H
#define LOVFS_UNIT_RANDOM_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct random_source {
	uint64_t state;
};

/* Seeds from LOVFS_SEED, or else from the clock, and prints the seed with the name of the test. */
struct random_source random_start(const char *test);

uint64_t random_u64(struct random_source *r);

/* Within [min, max]. Not exactly even, which tests don't need. */
uint64_t random_range(struct random_source *r, uint64_t min, uint64_t max);

#endif
