/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overlapped reads and writes with io_uring, with direct I/O where both the file and the offsets allow
 * it: it takes no processor time for copying and no page cache from others. Where the two files can't both
 * be aligned, or one of them knows no direct I/O, that one goes through the page cache.
 */
#include "io/rung.h"

#include "base/checked.h"
#include "base/error.h"
#include "base/sys.h"
#include "io/pipeline.h"

#include <errno.h>
#include <inttypes.h>

/* What is left at an end that isn't aligned: less than a block. */
static int copy_end(const struct rung_range *range, unsigned char *buf, uint64_t from, uint64_t to,
		    uint64_t *ret_done)
{
	uint64_t src = range->src_offset + from, dst = range->dst_offset + from;
	ssize_t n;
	int err;

	if (from == to)
		return RUNG_DONE;
	rung_take(range, to - from);
	n = sys_pread_full(range->src_fd, buf, (size_t)(to - from), src);
	if (n < 0)
		return fail_sys((int)n, "reading at offset %" PRIu64, src);
	err = n > 0 ? rung_sum(range, dst, buf, (uint32_t)n) : 0;
	if (err)
		return err;
	err = sys_pwrite_full(range->dst_fd, buf, (size_t)n, dst);
	if (err)
		return fail_sys(err, "writing at offset %" PRIu64, dst);
	rung_progress(range, (uint64_t)n);
	*ret_done = from + (uint64_t)n;
	return RUNG_DONE;
}

/* Which of the two can do direct I/O in this range. */
struct sides {
	bool src, dst;
	uint32_t align_bytes; /* of those that can; 1: none */
};

static struct sides sides_of(const struct rung_range *range)
{
	struct direct_files *f = range->files;
	struct sides s = { .align_bytes = 1 };

	if (!f)
		return s;
	direct_files_open(f, range->src_fd, range->dst_fd, URING_BUFFER_ALIGN);
	s.src = f->src >= 0 && !range->keep_source;
	s.dst = f->dst >= 0;
	s.align_bytes = MAX_OF(s.src ? f->src_align : 1, f->dst_align);
	/* Both can't be aligned at once: reading ahead is what the page cache does well. */
	if (s.src && s.dst &&
	    range->src_offset % s.align_bytes != range->dst_offset % s.align_bytes)
		s = (struct sides){ .dst = true, .align_bytes = f->dst_align };
	return s;
}

/* Asks for the blocks in one piece. The size grows with it, so that writes needn't wait for each other to
 * make it grow. */
static int preallocate(const struct rung_range *range, uint64_t from, uint64_t to)
{
	int err;

	if (!range->preallocate || from >= to)
		return 0;
	err = sys_fallocate(range->dst_fd, 0, range->dst_offset + from, to - from);
	if (err == -ENOSPC || err == -EDQUOT || err == -EFBIG || err == -EIO)
		return fail_sys(err, "making room at offset %" PRIu64, range->dst_offset + from);
	return 0; /* did without */
}

static int copy_on(const struct rung_range *range, struct uring *ring, const struct rings *rings,
		   uint64_t *ret_done)
{
	const struct sides sides = sides_of(range);
	uint64_t offset = sides.dst ? range->dst_offset : range->src_offset;
	uint64_t align = sides.align_bytes;
	uint64_t head = MIN_OF((align - offset % align) % align, range->len_bytes);
	struct pipeline p = {
		.range = range,
		.ring = ring,
		.slots = rings->slots,
		.slot_bytes = rings->slot_bytes,
		.fds = { sides.src ? range->files->src : range->src_fd,
			 sides.dst ? range->files->dst : range->dst_fd },
		.align_bytes = sides.align_bytes,
		.src_direct = sides.src,
		.dst_direct = sides.dst,
		.plain = range->plain_buffers,
		.from = head,
		.to = head + align_down(range->len_bytes - head, align),
	};
	int outcome = sides.dst ? preallocate(range, p.from, p.to) : 0;

	if (!outcome)
		outcome = copy_end(range, uring_buffer(ring, 0), 0, head, ret_done);
	if (outcome || *ret_done < head)
		return outcome;
	outcome = pipeline_run(&p, ret_done);
	if (sides.dst)
		rung_note_direct(range, *ret_done - p.from);
	if (outcome || *ret_done < p.to)
		return outcome;
	return copy_end(range, uring_buffer(ring, 0), p.to, range->len_bytes, ret_done);
}

/* A source that ends early has really ended, or the rungs below shall see what is wrong with it. */
static int believe_end(const struct rung_range *range, uint64_t done)
{
	int has = rung_source_has(range->src_fd, range->src_offset + done);

	return has > 0 ? RUNG_LEFT : has;
}

int rung_uring(const struct rung_range *range, struct rings *rings, uint64_t *ret_done)
{
	struct uring *ring;
	int outcome, err = rings_take(rings, &ring);

	*ret_done = 0;
	if (err) /* no memory or descriptors just now, or not allowed at all */
		return err == -EPERM || err == -ENOSYS ? RUNG_REFUSED : RUNG_LEFT;
	outcome = copy_on(range, ring, rings, ret_done);
	rings_give(rings, ring);
	if (outcome == RUNG_DONE && *ret_done < range->len_bytes)
		outcome = believe_end(range, *ret_done);
	return outcome;
}
