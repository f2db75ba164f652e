/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "io/rung.h"

#include "base/error.h"
#include "base/patience.h"
#include "base/sys.h"
#include "io/behind.h"

#include <errno.h>
#include <inttypes.h>

/* The smallest stripe. Writes smaller than this are nobody's bulk copy. */
#define WRITE_BEHIND_MIN (64 * KIB)

static int arrived(const struct rung_range *range, uint64_t src, uint64_t dst, uint64_t n)
{
	int err = 0;

	rung_progress(range, n);
	if (range->len_bytes >= WRITE_BEHIND_MIN)
		err = behind_written(range->dst_fd, dst, dst + n, range->drop);
	if (range->drop && !range->keep_source)
		behind_read(range->src_fd, src, src + n);
	return err ? fail_sys(err, "writing out before offset %" PRIu64, dst) : 0;
}

static int copy_through(const struct rung_range *range, void *buffer, uint64_t *done)
{
	struct patience patience = { 0 };

	while (*done < range->len_bytes) {
		uint64_t src = range->src_offset + *done, dst = range->dst_offset + *done;
		size_t want = (size_t)MIN_OF(MIN_OF(BUFFER_BYTES, rung_portion(range)),
					     range->len_bytes - *done);
		ssize_t n;
		int err;

		rung_take(range, want);
		if (rung_stopped(range))
			return -ECANCELED;
		n = sys_pread(range->src_fd, buffer, want, src);
		if (n < 0)
			return fail_sys((int)n, "reading at offset %" PRIu64, src);
		if (n == 0) {
			err = rung_source_has(range->src_fd, src);
			if (err <= 0)
				return err;
			if (!patience_left(&patience))
				return fail(-EIO,
					    "reading at offset %" PRIu64
					    ": nothing again and again, but there is data",
					    src);
			continue;
		}
		patience = (struct patience){ 0 };
		err = rung_sum(range, dst, buffer, (uint32_t)n);
		if (err)
			return err;
		err = sys_pwrite_full(range->dst_fd, buffer, (size_t)n, dst);
		if (err)
			return fail_sys(err, "writing at offset %" PRIu64, dst);
		*done += (uint64_t)n;
		err = arrived(range, src, dst, (uint64_t)n);
		if (err)
			return err;
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
