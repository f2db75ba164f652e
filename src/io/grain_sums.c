/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "io/grain_sums.h"

#include "base/error.h"

#include <errno.h>
#include <isa-l/crc64.h>
#include <stdlib.h>

/* What fills up the last grain. */
static const unsigned char zeros[GRAIN_BYTES];

uint64_t grain_sums_crc64(uint64_t crc, const void *bytes, size_t len_bytes)
{
	return crc64_ecma_refl(crc, bytes, len_bytes);
}

/* Never 0, which is "not known". */
static uint64_t sum_of(const void *bytes, size_t len)
{
	uint64_t crc = grain_sums_crc64(0, bytes, len);

	if (len < GRAIN_BYTES)
		crc = grain_sums_crc64(crc, zeros, GRAIN_BYTES - len);
	return crc ? crc : 1;
}

int grain_sums_init(struct grain_sums *g, uint64_t size_bytes)
{
	uint64_t count = size_bytes / GRAIN_BYTES + (size_bytes % GRAIN_BYTES != 0);

	*g = (struct grain_sums){ 0 };
	if (count > GRAIN_SUMS_MAX)
		return fail(-EFBIG, "no sums are kept of files over 4 TiB");
	g->sums = calloc(count + 1, sizeof(*g->sums));
	if (!g->sums)
		return fail(-ENOMEM, "no memory for sums");
	g->size_bytes = size_bytes;
	g->count = count;
	g->of_zeros = sum_of(zeros, GRAIN_BYTES);
	return 0;
}

void grain_sums_release(struct grain_sums *g)
{
	free(g->sums);
	*g = (struct grain_sums){ 0 };
}

void grain_sums_take(struct grain_sums *g, uint64_t offset, const void *bytes, size_t len_bytes)
{
	const unsigned char *at = bytes;

	for (uint64_t i = offset / GRAIN_BYTES; len_bytes > 0 && i < g->count; i++) {
		size_t n = MIN_OF(len_bytes, (size_t)GRAIN_BYTES);

		g->sums[i] = sum_of(at, n);
		at += n;
		len_bytes -= n;
	}
}

void grain_sums_take_zeros(struct grain_sums *g, uint64_t start, uint64_t end)
{
	for (uint64_t i = start / GRAIN_BYTES; i < g->count && i * GRAIN_BYTES < end; i++)
		g->sums[i] = g->of_zeros;
}

void grain_sums_fill(struct grain_sums *g, const struct grain_sums *from)
{
	for (uint64_t i = 0; i < g->count; i++) {
		if (!g->sums[i])
			g->sums[i] = grain_sums_at(from, i);
	}
}

bool grain_sums_complete(const struct grain_sums *g)
{
	for (uint64_t i = 0; i < g->count; i++) {
		if (!g->sums[i])
			return false;
	}
	return true;
}
