/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Self-describing 4 KiB blocks: each 8-byte word is a stamp (stamp.h) of file id, generation and
 * place, so any mixture of versions can be told apart, word by word.
 *
 * While a block is being rewritten, POSIX says a reader sees all of a write or nothing; Linux file
 * systems keep that only where reads take the inode's lock. What every one keeps is that each byte
 * is that of a version which was current at some moment of the read. So a check always demands
 * that, and says beside it how finely versions were mixed.
 */
#ifndef EXERCISER_CC_BLOCK_H
#define EXERCISER_CC_BLOCK_H

#include <stddef.h>
#include <stdint.h>

#define CC_BLOCK 4096u
#define CC_WHY 200

/* Fills one block with version gen of block blk_idx. */
void cc_block_fill(void *buf, unsigned int file, uint64_t blk_idx, uint32_t gen);

/*
 * Checks that one block holds versions in [gen_lo, gen_hi] only.
 *
 * ret_unit: the largest power of two from {4096, 512, 8, 1} such that each aligned unit of that
 * many bytes is of one version; 4096 means the block isn't torn. A word torn inside may hold the
 * head of one version and the tail of another. Returns 0, or -EBADMSG with the reason in ret_why
 * (CC_WHY bytes).
 */
int cc_block_check(const void *buf, unsigned int file, uint64_t blk_idx, uint32_t gen_lo,
		   uint32_t gen_hi, unsigned int *ret_unit, char *ret_why);

#endif
