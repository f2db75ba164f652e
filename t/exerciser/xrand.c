/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exerciser/xrand.h"

#include <time.h>
#include <unistd.h>

uint64_t xrand_mix(uint64_t value)
{
	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
	value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
	return value ^ (value >> 31);
}

uint64_t xrand_unmix(uint64_t value)
{
	value = (value ^ (value >> 31) ^ (value >> 62)) * 0x319642b2d24d8ec3u;
	value = (value ^ (value >> 27) ^ (value >> 54)) * 0x96de1b173f119089u;
	return value ^ (value >> 30) ^ (value >> 60);
}

void xrand_init(struct xrand *r, uint64_t seed)
{
	r->state = seed;
}

uint64_t xrand_next(struct xrand *r)
{
	r->state += 0x9e3779b97f4a7c15u;
	return xrand_mix(r->state);
}

uint64_t xrand_below(struct xrand *r, uint64_t bound)
{
	return bound == 0 ? 0 : xrand_next(r) % bound;
}

uint64_t xrand_between(struct xrand *r, uint64_t lo, uint64_t hi)
{
	return lo + xrand_below(r, hi - lo + 1);
}

bool xrand_chance(struct xrand *r, unsigned int percent)
{
	return xrand_below(r, 100) < percent;
}

uint64_t xrand_fresh_seed(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return xrand_mix((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec +
			 (uint64_t)getpid()) >>
	       32;
}
