/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "random.h"

struct random_source random_start(const char *test)
{
	const char *wanted = getenv("LOVFS_SEED");
	struct timespec now;
	uint64_t seed;

	clock_gettime(CLOCK_REALTIME, &now);
	seed = wanted ? strtoull(wanted, NULL, 0)
		      : (uint64_t)now.tv_sec << 20 ^ (uint64_t)now.tv_nsec;
	printf("%s: LOVFS_SEED=%" PRIu64 "\n", test, seed);
	fflush(stdout);
	return (struct random_source){ .state = seed };
}

uint64_t random_u64(struct random_source *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint64_t random_range(struct random_source *r, uint64_t min, uint64_t max)
{
	uint64_t span = max - min + 1;

	return span == 0 ? random_u64(r) : min + random_u64(r) % span;
}
