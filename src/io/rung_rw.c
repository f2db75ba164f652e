/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "io/rung.h"

#include "base/checked.h"
#include "base/error.h"
#include "base/sys.h"

#include <errno.h>
#include <inttypes.h>

/* Written data is started on its way to the device in windows of this many bytes, so that a
 * following fsync is short. */
#define WRITE_BEHIND (8 * MIB)
/* The smallest stripe. Writes smaller than this are nobody's bulk copy. */
#define WRITE_BEHIND_MIN (64 * KIB)

/*
 * Starts writing out the windows of the file that the write of [start, end) has completed. Keeps no
 * state: the pieces of one object may be small and come from several threads.
 */
static void write_behind(int fd, uint64_t start, uint64_t end)
{
	uint64_t from = align_down(start, WRITE_BEHIND), to = align_down(end, WRITE_BEHIND);

	/* Advice only: an error of writing out comes back from the fsync. */
	if (from < to)
		(void)!sys_start_writeback(fd, from, to - from);
}

static int copy_through(const struct rung_range *range, void *buffer, uint64_t *done)
{
	bool asked = false;

	while (*done < range->len_bytes) {
		uint64_t src = range->src_offset + *done, dst = range->dst_offset + *done;
		size_t want = (size_t)MIN_OF(BUFFER_BYTES, range->len_bytes - *done);
		ssize_t n;
		int err;

		if (rung_stopped(range))
			return -ECANCELED;
		n = sys_pread(range->src_fd, buffer, want, src);
		if (n < 0)
			return fail_sys((int)n, "reading at offset %" PRIu64, src);
		if (n == 0) {
			err = rung_source_has(range->src_fd, src);
			if (err <= 0)
				return err;
			if (asked)
				return fail(-EIO,
					    "reading at offset %" PRIu64
					    ": nothing twice, but there is data",
					    src);
			asked = true;
			continue;
		}
		asked = false;
		err = sys_pwrite_full(range->dst_fd, buffer, (size_t)n, dst);
		if (err)
			return fail_sys(err, "writing at offset %" PRIu64, dst);
		*done += (uint64_t)n;
		if (range->len_bytes >= WRITE_BEHIND_MIN)
			write_behind(range->dst_fd, dst, dst + (uint64_t)n);
	}
	return RUNG_DONE;
}

int rung_rw(const struct rung_range *range, struct buffers *buffers, uint64_t *ret_done)
{
	void *buffer = buffers_take(buffers);
	int err;

	*ret_done = 0;
	if (!buffer)
		return fail(-ENOMEM, "copy buffer: out of memory");
	err = copy_through(range, buffer, ret_done);
	buffers_give(buffers, buffer);
	return err;
}
