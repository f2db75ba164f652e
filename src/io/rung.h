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

#include "io/direct.h"
#include "io/ladder.h"

struct rung_range {
	int src_fd, dst_fd;
	uint64_t src_offset, dst_offset, len_bytes;
	atomic_bool *stop;              /* may be NULL */
	const struct io_stages *stages; /* may be NULL */
	bool drop;                      /* what passes through the page cache leaves it again */
	bool keep_source;           /* but the source's pages, which are to be read from there */
	struct direct_files *files; /* uring: direct I/O through these; NULL: none */
	bool preallocate;           /* uring: the destination's blocks are asked for first */
	bool plain_buffers;         /* uring: no registered buffers */
	uint64_t *direct_bytes;     /* uring: added to; may be NULL */
};

/*
 * FICLONERANGE. Both ends of the range are aligned to block_bytes, or it ends unaligned where the
 * source does; where the file system refuses that end, the last part of a block is left for the
 * rungs below. Holes of the source are copied with the rest.
 */
int MUST_CHECK rung_share(const struct rung_range *range, uint32_t block_bytes, uint64_t *ret_done);

/* copy_file_range(2). */
int MUST_CHECK rung_kernel(const struct rung_range *range, uint64_t *ret_done);

/* io_uring. Behind *ret_done other parts of the range may be copied too. */
int MUST_CHECK rung_uring(const struct rung_range *range, struct rings *rings, uint64_t *ret_done);

/* pread and pwrite. Never RUNG_LEFT or RUNG_REFUSED. */
int MUST_CHECK rung_rw(const struct rung_range *range, struct buffers *buffers, uint64_t *ret_done);

/*
 * A read gave nothing at `offset`: 0 when the source really ends there or before, 1 when there is
 * data after all, or a negative errno.
 */
int MUST_CHECK rung_source_has(int src_fd, uint64_t offset);

/* ---- the stages of a range ---- */

static inline bool rung_stopped(const struct rung_range *range)
{
	return range->stop && atomic_load_explicit(range->stop, memory_order_relaxed);
}

static inline struct bandwidth *rung_limit(const struct rung_range *range)
{
	return range->stages ? range->stages->limit : NULL;
}

/* The most to move at once. */
static inline uint64_t rung_portion(const struct rung_range *range)
{
	return bandwidth_portion(rung_limit(range));
}

/* Waits until so many bytes may be moved. */
static inline void rung_take(const struct rung_range *range, uint64_t len_bytes)
{
	bandwidth_take(rung_limit(range), len_bytes, range->stop);
}

/* So many bytes have arrived. */
static inline void rung_progress(const struct rung_range *range, uint64_t len_bytes)
{
	if (range->stages && range->stages->done_bytes)
		atomic_fetch_add_explicit(range->stages->done_bytes, len_bytes,
					  memory_order_relaxed);
}

/* So many bytes have arrived, but don't count. */
static inline void rung_take_back(const struct rung_range *range, uint64_t len_bytes)
{
	if (range->stages && range->stages->done_bytes)
		atomic_fetch_sub_explicit(range->stages->done_bytes, len_bytes,
					  memory_order_relaxed);
}

/* Notes the checksum of what was read for dst_offset. */
static inline int rung_sum(const struct rung_range *range, uint64_t dst_offset, const void *bytes,
			   uint32_t len_bytes)
{
	if (!range->stages || !range->stages->sums)
		return 0;
	return sums_add(range->stages->sums, dst_offset, bytes, len_bytes);
}

static inline void rung_note_direct(const struct rung_range *range, uint64_t len_bytes)
{
	if (range->direct_bytes)
		*range->direct_bytes += len_bytes;
}

#endif
