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
#include "io/direct.h"
#include "io/pipeline.h"

#include <errno.h>
#include <fcntl.h>
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

struct files {
	int src, dst; /* owned: with direct I/O; -1: without */
	uint32_t align_bytes;
};

static void files_close(struct files *f)
{
	fd_cleanup(&f->src);
	fd_cleanup(&f->dst);
}

static void open_files(const struct rung_range *range, struct files *f)
{
	uint32_t src_align = 1, dst_align = 1;

	if (!range->direct)
		return;
	if (direct_open(range->src_fd, O_RDONLY, URING_BUFFER_ALIGN, &f->src, &src_align))
		src_align = 1;
	if (direct_open(range->dst_fd, O_WRONLY, URING_BUFFER_ALIGN, &f->dst, &dst_align))
		dst_align = 1;
	f->align_bytes = MAX_OF(src_align, dst_align);
	/* Both can't be aligned at once: reading ahead is what the page cache does well. */
	if (f->src >= 0 && f->dst >= 0 &&
	    range->src_offset % f->align_bytes != range->dst_offset % f->align_bytes) {
		fd_cleanup(&f->src);
		f->align_bytes = dst_align;
	}
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

static int copy_with(const struct rung_range *range, struct uring *ring, const struct rings *rings,
		     const struct files *f, uint64_t *ret_done)
{
	uint64_t offset = f->dst >= 0 ? range->dst_offset : range->src_offset;
	uint64_t align = f->align_bytes;
	uint64_t head = MIN_OF((align - offset % align) % align, range->len_bytes);
	struct pipeline p = {
		.range = range,
		.ring = ring,
		.slots = rings->slots,
		.slot_bytes = rings->slot_bytes,
		.fds = { f->src >= 0 ? f->src : range->src_fd,
			 f->dst >= 0 ? f->dst : range->dst_fd },
		.align_bytes = f->align_bytes,
		.src_direct = f->src >= 0,
		.dst_direct = f->dst >= 0,
		.plain = range->plain_buffers,
		.from = head,
		.to = head + align_down(range->len_bytes - head, align),
	};
	int outcome = f->dst >= 0 ? preallocate(range, p.from, p.to) : 0;

	if (!outcome)
		outcome = copy_end(range, uring_buffer(ring, 0), 0, head, ret_done);
	if (outcome || *ret_done < head)
		return outcome;
	outcome = pipeline_run(&p, ret_done);
	if (f->dst >= 0)
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
	CLEANUP(files_close) struct files files = { .src = -1, .dst = -1, .align_bytes = 1 };
	struct uring *ring;
	int outcome;

	*ret_done = 0;
	if (rings_take(rings, &ring))
		return RUNG_LEFT;
	open_files(range, &files);
	outcome = copy_with(range, ring, rings, &files, ret_done);
	rings_give(rings, ring);
	if (outcome == RUNG_DONE && *ret_done < range->len_bytes)
		outcome = believe_end(range, *ret_done);
	return outcome;
}
