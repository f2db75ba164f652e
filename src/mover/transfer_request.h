/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What transfer_run() (mover/transfer.h) and its ways are asked for, and what they answer. */
#ifndef LOVFS_MOVER_TRANSFER_REQUEST_H
#define LOVFS_MOVER_TRANSFER_REQUEST_H

#include "io/bandwidth.h"
#include "io/grain_sums.h"
#include "mover/copy_memory.h"
#include "mover/pieces.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define TRANSFER_THREADS_MAX PIECES_THREADS_MAX
#define TRANSFER_TARGETS_MAX 32

struct transfer_request {
	int src_fd;                       /* borrowed; readable */
	const int *target_fds;            /* borrowed; readable and writable */
	unsigned int target_count;        /* 1 to TRANSFER_TARGETS_MAX */
	const struct piece_range *ranges; /* in order, not overlapping */
	unsigned int range_count;
	/*
	 * Read and write by direct I/O; all descriptors are O_DIRECT. The ranges begin at multiples
	 * of aligned_block_bytes(); what ends in between is filled up with zeros in the targets,
	 * whose sizes the caller sets afterwards.
	 */
	bool streams;
	/* With streams, unless fresh: [i] is target i, open for reading. */
	const int *read_fds;
	bool compare; /* with read_fds: only what differs there is written */
	/* With streams: takes the sums of what is read; the ranges begin at multiples of
	 * GRAIN_BYTES, and what is smaller is no hole. May be NULL. */
	struct grain_sums *sums;
	/* With sums: what targets `known_targets` (bits) have; of the data only what differs from
	 * it is written, and they aren't read. */
	const struct grain_sums *known;
	uint32_t known_targets;
	/* With streams. Not NULL: all targets are one descriptor, which is bound to the target that
	 * is to be written next by this. Not called while a write through it is under way. */
	int (*bind)(unsigned int target, void *cookie);
	bool fresh;      /* the targets have no data in the ranges */
	bool may_shrink; /* what the source doesn't have any more is left out, and not -EAGAIN */
	struct copy_memory *memory; /* borrowed; with streams. NULL: what one file may have */
	unsigned int threads;       /* 1 to TRANSFER_THREADS_MAX */
	struct bandwidth *limit;    /* may be NULL */
	atomic_bool *stop;          /* may be NULL */
	/* Called in the caller's thread, ten times a second while the others copy, and so never where a
	 * copy takes less; anything but 0 ends the copy once the calls under way are over. May be NULL. */
	int (*may_go_on)(void *cookie);
	/* done_bytes are summed over the targets. Called in the caller's thread, about ten times a
	 * second and once at the end. May be NULL. */
	void (*progress)(uint64_t done_bytes, void *cookie);
	void *cookie;
};

/* How the bytes moved, as far as it is known here. With streams, user, hole and equal bytes are all
 * of the ranges, over all targets. */
struct transfer_result {
	uint64_t user_bytes;   /* read and written here, over all targets */
	uint64_t direct_bytes; /* of them: by direct I/O */
	uint64_t hole_bytes;   /* holes that stayed holes; without streams: large ones */
	uint64_t
		equal_bytes; /* what was there and needed no writing: with `compare` or `known`, and zeros */
	/* On failure: to which target what failed first was to be copied, and what it was;
	 * failed_len 0: not known. write_failed: it was a write. read_failed: it was the source. */
	bool write_failed, read_failed;
	unsigned int failed_target;
	uint64_t failed_offset, failed_len;
};

#endif
