/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exerciser/cc_block.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "exerciser/stamp.h"

#define WORDS (CC_BLOCK / 8)
#define TORN_INSIDE UINT32_MAX
#define WINDOW_MAX 512u /* versions tried for a word that is torn inside */

void cc_block_fill(void *buf, unsigned int file, uint64_t blk_idx, uint32_t gen)
{
	stamp_fill(buf, CC_BLOCK, blk_idx * CC_BLOCK, file, gen);
}

/* Whether some version in the window has these bytes [from, to) in the word. */
static bool some_version(const unsigned char *bytes, unsigned int from, unsigned int to,
			 const struct stamp *where, uint32_t lo, uint32_t hi)
{
	for (uint32_t gen = hi; gen + 1 > lo && hi - gen < WINDOW_MAX; gen--) {
		uint64_t value = htole64(stamp_word(where->file, gen, where->word));

		if (memcmp(bytes + from, (unsigned char *)&value + from, to - from) == 0)
			return true;
		if (gen == 0)
			break;
	}
	return false;
}

static bool torn_inside(const unsigned char *bytes, const struct stamp *where, uint32_t lo,
			uint32_t hi)
{
	for (unsigned int cut = 1; cut < 8; cut++) {
		if (some_version(bytes, 0, cut, where, lo, hi) &&
		    some_version(bytes, cut, 8, where, lo, hi))
			return true;
	}
	return false;
}

static int complain(const unsigned char *bytes, const struct stamp *where, uint32_t lo, uint32_t hi,
		    char *ret_why)
{
	char found[100] = "bytes of no version";
	struct stamp s;
	uint64_t value;

	memcpy(&value, bytes, 8);
	if (value == 0)
		snprintf(found, sizeof(found), "zeros");
	else if (stamp_parse(le64toh(value), &s))
		snprintf(found, sizeof(found), "version %u of offset %#llx, file %u", s.gen,
			 (unsigned long long)s.word * 8, s.file);
	snprintf(ret_why, CC_WHY, "offset %#llx, file %u: %s instead of version %u to %u",
		 (unsigned long long)where->word * 8, where->file, found, lo, hi);
	return -EBADMSG;
}

/* The version of one word, TORN_INSIDE, or -EBADMSG. */
static int word_version(const unsigned char *bytes, const struct stamp *where, uint32_t lo,
			uint32_t hi, uint32_t *ret_gen, char *ret_why)
{
	struct stamp s;
	uint64_t value;

	memcpy(&value, bytes, 8);
	if (stamp_parse(le64toh(value), &s) && s.file == where->file && s.word == where->word &&
	    s.gen >= lo && s.gen <= hi) {
		*ret_gen = s.gen;
		return 0;
	}
	if (lo < hi && torn_inside(bytes, where, lo, hi)) {
		*ret_gen = TORN_INSIDE;
		return 0;
	}
	return complain(bytes, where, lo, hi, ret_why);
}

int cc_block_check(const void *buf, unsigned int file, uint64_t blk_idx, uint32_t gen_lo,
		   uint32_t gen_hi, unsigned int *ret_unit, char *ret_why)
{
	const unsigned char *bytes = buf;
	unsigned int unit = CC_BLOCK;
	uint32_t gen, before = 0;
	int rc;

	for (unsigned int i = 0; i < WORDS; i++) {
		struct stamp where = { .file = file, .word = blk_idx * WORDS + i };

		rc = word_version(bytes + (size_t)i * 8, &where, gen_lo, gen_hi, &gen, ret_why);
		if (rc < 0)
			return rc;
		if (gen == TORN_INSIDE)
			unit = 1;
		else if (i > 0 && gen != before && i * 8 % 512 != 0 && unit > 8)
			unit = 8;
		else if (i > 0 && gen != before && unit > 512)
			unit = 512;
		before = gen;
	}
	*ret_unit = unit;
	return 0;
}
