/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Self-describing file content. Each aligned 8-byte word of a file says which file it was written
 * to, by which generation (operation number or version of a block), and at which place. The fields
 * are mixed bijectively, so the bytes look random, yet a word found in the wrong place can be
 * decoded and tells where it came from.
 *
 * Field widths: file 3 bits, generation 22 bits, word index 32 bits (files up to 32 GiB), tag 7
 * bits.
 */
#ifndef EXERCISER_STAMP_H
#define EXERCISER_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STAMP_FILES_MAX 8u
#define STAMP_GEN_MAX ((1u << 22) - 1)

struct stamp {
	unsigned int file;
	uint32_t gen;
	uint64_t word; /* file offset / 8 */
};

/* The eight bytes of one word, as a little-endian number. */
uint64_t stamp_word(unsigned int file, uint32_t gen, uint64_t word);

/* Decodes a word; false when its tag is wrong. A random word passes with a chance of 1/128. */
bool stamp_parse(uint64_t value, struct stamp *ret_stamp);

/* Fills buf with what file offsets [off, off + len) hold; any alignment. */
void stamp_fill(void *buf, size_t len, uint64_t off, unsigned int file, uint32_t gen);

#endif
