/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "io/rung.h"

#include "base/checked.h"
#include "base/error.h"
#include "base/sys.h"

#include <errno.h>
#include <inttypes.h>

/* A call can't be interrupted and takes its time where extents are many: the flag is looked at in between. Steps are
 * longer where there would be too many of them, as in a sparse file of exbibytes. */
#define SHARE_STEP_MIN GIB
#define SHARE_STEPS 65536

int rung_share(const struct rung_range *range, uint32_t block_bytes, uint64_t *ret_done)
{
	uint64_t len_bytes = range->len_bytes;
	uint64_t step = MAX_OF(SHARE_STEP_MIN, align_up(len_bytes / SHARE_STEPS, SHARE_STEP_MIN));
	uint64_t tail = (range->src_offset + len_bytes) % block_bytes;
	int outcome = RUNG_DONE;

	*ret_done = 0;
	while (*ret_done < len_bytes) {
		uint64_t n = MIN_OF(step, len_bytes - *ret_done);
		int err;

		if (rung_stopped(range))
			return -ECANCELED;
		err = sys_clone_range(range->src_fd, range->src_offset + *ret_done, range->dst_fd,
				      range->dst_offset + *ret_done, n);
		if (err == -EINVAL && tail > 0 && *ret_done + n == len_bytes) {
			/* The source has grown, or the destination has bytes after the range. */
			len_bytes -= MIN_OF(tail, n);
			tail = 0;
			outcome = RUNG_LEFT;
			continue;
		}
		if (err) {
			int judged = io_ladder_judge(IO_SHARE, err);

			if (judged < 0)
				return fail_sys(err, "sharing extents at offset %" PRIu64,
						range->dst_offset + *ret_done);
			return judged;
		}
		*ret_done += n;
	}
	return outcome;
}
