/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sums and products of untrusted numbers: true when the result fits, and only then is *ret written.
 */
#ifndef LOVFS_BASE_CHECKED_H
#define LOVFS_BASE_CHECKED_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

static inline bool MUST_CHECK add_u64(uint64_t a, uint64_t b, uint64_t *ret)
{
	uint64_t r;

	if (__builtin_add_overflow(a, b, &r))
		return false;
	*ret = r;
	return true;
}

static inline bool MUST_CHECK mul_u64(uint64_t a, uint64_t b, uint64_t *ret)
{
	uint64_t r;

	if (__builtin_mul_overflow(a, b, &r))
		return false;
	*ret = r;
	return true;
}

/* a + b, or the largest value where that doesn't fit: for ends of ranges, where "as far as there
 * is" is meant. */
static inline uint64_t add_sat_u64(uint64_t a, uint64_t b)
{
	uint64_t r;

	return __builtin_add_overflow(a, b, &r) ? UINT64_MAX : r;
}

/* Saturates at the largest multiple. */
static inline uint64_t align_up(uint64_t v, uint64_t step)
{
	uint64_t r;

	return __builtin_add_overflow(v, step - 1, &r) ? UINT64_MAX - UINT64_MAX % step
						       : r - r % step;
}

static inline uint64_t align_down(uint64_t v, uint64_t step)
{
	return v - v % step;
}

#endif
