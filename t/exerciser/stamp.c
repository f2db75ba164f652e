/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exerciser/stamp.h"

#include <endian.h>
#include <string.h>

#include "exerciser/xrand.h"

#define TAG 0x35u

uint64_t stamp_word(unsigned int file, uint32_t gen, uint64_t word)
{
	uint64_t fields = TAG;

	fields = fields << 3 | (file & (STAMP_FILES_MAX - 1));
	fields = fields << 22 | (gen & STAMP_GEN_MAX);
	fields = fields << 32 | (word & UINT32_MAX);
	return xrand_mix(fields);
}

bool stamp_parse(uint64_t value, struct stamp *ret_stamp)
{
	uint64_t fields = xrand_unmix(value);

	if (fields >> 57 != TAG)
		return false;
	ret_stamp->file = fields >> 54 & (STAMP_FILES_MAX - 1);
	ret_stamp->gen = fields >> 32 & STAMP_GEN_MAX;
	ret_stamp->word = fields & UINT32_MAX;
	return true;
}

void stamp_fill(void *buf, size_t len, uint64_t off, unsigned int file, uint32_t gen)
{
	unsigned char *out = buf;

	while (len > 0) {
		uint64_t value = htole64(stamp_word(file, gen, off / 8));
		size_t skip = off % 8;
		size_t part = len < 8 - skip ? len : 8 - skip;

		memcpy(out, (unsigned char *)&value + skip, part);
		out += part;
		off += part;
		len -= part;
	}
}
