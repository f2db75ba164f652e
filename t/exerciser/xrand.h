/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A small seeded generator (splitmix64): the same seed gives the same run on every machine.
 * One struct per thread; nothing is shared.
 */
#ifndef EXERCISER_XRAND_H
#define EXERCISER_XRAND_H

#include <stdbool.h>
#include <stdint.h>

struct xrand {
	uint64_t state;
};

/* The bijective 64-bit mixer behind the generator, and its inverse. */
uint64_t xrand_mix(uint64_t value);
uint64_t xrand_unmix(uint64_t value);

void xrand_init(struct xrand *r, uint64_t seed);
uint64_t xrand_next(struct xrand *r);

/* A number in [0, bound), 0 when bound is 0. */
uint64_t xrand_below(struct xrand *r, uint64_t bound);

/* A number in [lo, hi], both included; hi >= lo. */
uint64_t xrand_between(struct xrand *r, uint64_t lo, uint64_t hi);

/* True in percent of 100 cases. */
bool xrand_chance(struct xrand *r, unsigned int percent);

/* A seed that differs from run to run. */
uint64_t xrand_fresh_seed(void);

#endif
