/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which version each block of a file may have. A writer announces a version before it writes it and
 * publishes it afterwards; a reader that takes the published version before its read and the
 * announced one after it knows the window that its bytes must be in.
 *
 * A block has one writer at a time; any thread may read.
 */
#ifndef EXERCISER_CC_VERSIONS_H
#define EXERCISER_CC_VERSIONS_H

#include <stdatomic.h>
#include <stdint.h>

#include "exerciser/cc_run.h"

struct cc_versions {
	unsigned int file; /* its id in the stamps */
	uint64_t nr_blocks;
	atomic_uint *announced;
	atomic_uint *published;
};

/* 0 or -ENOMEM. All blocks start at version 0. */
int cc_versions_init(struct cc_versions *v, unsigned int file, uint64_t nr_blocks);
void cc_versions_release(struct cc_versions *v);

/* Announces and fills the next versions of nr blocks from first into buf; publish after the write.
 */
void cc_versions_begin(struct cc_versions *v, void *buf, uint64_t first, uint64_t nr);
void cc_versions_publish(struct cc_versions *v, uint64_t first, uint64_t nr);

/* Writes version 1 (or the next) of all blocks to fd. */
int cc_versions_fill_file(struct cc_versions *v, struct cc_run *run, int fd);

/* Notes the oldest versions that a read of nr blocks, begun after this, may find. */
void cc_versions_snapshot(struct cc_versions *v, uint64_t first, uint64_t nr, uint32_t *ret_oldest);

/* Checks nr blocks that a read ended with; who names the reader in a failure. */
int cc_versions_check(struct cc_versions *v, struct cc_run *run, const void *buf, uint64_t first,
		      uint64_t nr, const uint32_t *oldest, const char *who);

/* Reads the whole file, which nobody writes any more, and demands the published versions. */
int cc_versions_check_file(struct cc_versions *v, struct cc_run *run, int fd, const char *who);

#endif
