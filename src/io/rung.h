/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rungs of the ladder, one file each. For the inside of io/.
 *
 * A rung copies its range from the front and says in *ret_done how far it came, also when it fails.
 * It knows nothing of holes: the range is data. It returns
 *
 *   RUNG_DONE                all is copied, or less: then the source ends there
 *   RUNG_LEFT, RUNG_REFUSED  the rest is for the rungs below
 *   a negative errno         a real error, with its text; -ECANCELED when *stop was set
 */
#ifndef LOVFS_IO_RUNG_H
#define LOVFS_IO_RUNG_H

#include "io/ladder.h"

struct rung_range {
	int src_fd, dst_fd;
	uint64_t src_offset, dst_offset, len_bytes;
	atomic_bool *stop; /* may be NULL */
};

/*
 * FICLONERANGE. Both ends of the range are aligned to block_bytes, or it ends unaligned where the
 * source does; where the file system refuses that end, the last part of a block is left for the
 * rungs below. Holes of the source are copied with the rest.
 */
int MUST_CHECK rung_share(const struct rung_range *range, uint32_t block_bytes, uint64_t *ret_done);

/* copy_file_range(2). */
int MUST_CHECK rung_kernel(const struct rung_range *range, uint64_t *ret_done);

/* pread and pwrite. Never RUNG_LEFT or RUNG_REFUSED. */
int MUST_CHECK rung_rw(const struct rung_range *range, struct buffers *buffers, uint64_t *ret_done);

/*
 * A read gave nothing at `offset`: 0 when the source really ends there or before, 1 when there is
 * data after all, or a negative errno.
 */
int MUST_CHECK rung_source_has(int src_fd, uint64_t offset);

static inline bool rung_stopped(const struct rung_range *range)
{
	return range->stop && atomic_load_explicit(range->stop, memory_order_relaxed);
}

#endif
