/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A sum for each 64 KiB of a file (a grain), taken while the bytes pass: by them a later copy finds what has
 * changed without reading what it was copied to.
 *
 * The sums are CRC-64 (ECMA-182, reflected, as in xz), computed by ISA-L at the speed of CRC32C: a grain that changed
 * has its old sum once in 2^64. They are no defence against somebody who looks for bytes with the same sum.
 */
#ifndef LOVFS_IO_GRAIN_SUMS_H
#define LOVFS_IO_GRAIN_SUMS_H

#include "base/attr.h"
#include "base/units.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GRAIN_BYTES (64 * KIB)
#define GRAIN_SUMS_MAX (UINT64_C(1) << 26) /* 4 TiB, whose sums are 512 MiB */

struct grain_sums {
	uint64_t size_bytes; /* of the file */
	uint64_t count; /* of grains; the last one may be cut, and counts as filled up with zeros */
	/* owned; 0: not known. Threads that set different grains don't disturb each other. */
	uint64_t *sums;
	uint64_t of_zeros; /* a grain of zeros */
};

/* Of a file of that size; nothing is known yet. -EFBIG above GRAIN_SUMS_MAX grains, -ENOMEM; with text. */
int MUST_CHECK grain_sums_init(struct grain_sums *g, uint64_t size_bytes);
/* A zeroed one is fine. */
void grain_sums_release(struct grain_sums *g);

/* CRC-64 of `bytes`, going on from `crc` of those before; 0 to begin with. */
uint64_t grain_sums_crc64(uint64_t crc, const void *bytes, size_t len_bytes);

/* The len_bytes at `offset`, a multiple of GRAIN_BYTES; they end where a grain or the file does. */
void grain_sums_take(struct grain_sums *g, uint64_t offset, const void *bytes, size_t len_bytes);
/* [start, end) is zeros; bounds as above. */
void grain_sums_take_zeros(struct grain_sums *g, uint64_t start, uint64_t end);

/* Takes over what isn't known yet. */
void grain_sums_fill(struct grain_sums *g, const struct grain_sums *from);

/* Whether every grain is known. */
bool grain_sums_complete(const struct grain_sums *g);

/* That of grain `idx`; of zeros where the file has ended before. 0: not known. */
static inline uint64_t grain_sums_at(const struct grain_sums *g, uint64_t idx)
{
	return idx < g->count ? g->sums[idx] : g->of_zeros;
}

#endif
