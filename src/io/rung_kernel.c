/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "io/rung.h"

#include "base/error.h"
#include "base/patience.h"
#include "base/sys.h"
#include "io/behind.h"

#include <errno.h>
#include <inttypes.h>

/* glibc 2.41 and 2.42 mishandle lengths over 2 GiB. */
#define KERNEL_STEP GIB
/* Where someone may want to stop the copy: some hundredths of a second on a slow disk. */
#define KERNEL_STEP_STOPPABLE (16 * MIB)

int rung_source_has(int src_fd, uint64_t offset)
{
	struct patience patience = { 0 };
	struct stat st;
	ssize_t n;
	char byte;
	int err;

	/* Again and again: each look may see the file between cut off and written. */
	do {
		n = sys_pread(src_fd, &byte, 1, offset);
		if (n < 0)
			return fail_sys((int)n, "reading at offset %" PRIu64, offset);
		if (n)
			return 1;
		err = sys_fstat(src_fd, &st);
		if (err)
			return fail_sys(err, "size of the source");
		if ((uint64_t)st.st_size <= offset)
			return 0;
	} while (patience_left(&patience));
	return fail(-EIO,
		    "reading at offset %" PRIu64 ": nothing there, below the size of the file",
		    offset);
}

static int arrived(const struct rung_range *range, uint64_t done, uint64_t n)
{
	uint64_t src = range->src_offset + done, dst = range->dst_offset + done;
	int err;

	rung_progress(range, n);
	if (!range->drop)
		return 0;
	err = behind_written(range->dst_fd, dst, dst + n, true);
	if (!range->keep_source)
		behind_read(range->src_fd, src, src + n);
	return err ? fail_sys(err, "writing out before offset %" PRIu64, dst) : 0;
}

int rung_kernel(const struct rung_range *range, uint64_t *ret_done)
{
	bool watched = range->stop || range->stages;
	uint64_t step = MIN_OF(watched ? KERNEL_STEP_STOPPABLE : KERNEL_STEP, rung_portion(range));

	*ret_done = 0;
	while (*ret_done < range->len_bytes) {
		size_t want = (size_t)MIN_OF(step, range->len_bytes - *ret_done);
		ssize_t n;
		int err;

		rung_take(range, want);
		if (rung_stopped(range))
			return -ECANCELED;
		n = sys_copy_file_range(range->src_fd, range->src_offset + *ret_done, range->dst_fd,
					range->dst_offset + *ret_done, want);
		if (n < (ssize_t)want)
			bandwidth_give_back(rung_limit(range), want - (size_t)MAX_OF(n, 0));
		if (n == -EINTR)
			continue;
		if (n == 0) {
			/* The end of the source, or a kernel or server that copies nothing and
			 * calls it success. */
			int has = rung_source_has(range->src_fd, range->src_offset + *ret_done);

			return has > 0 ? RUNG_LEFT : has;
		}
		if (n < 0) {
			int judged = io_ladder_judge(IO_KERNEL, (int)n);

			if (judged < 0)
				return fail_sys(judged, "copying to offset %" PRIu64,
						range->dst_offset + *ret_done);
			return judged;
		}
		*ret_done += (uint64_t)n;
		err = arrived(range, *ret_done - (uint64_t)n, (uint64_t)n);
		if (err)
			return err;
	}
	return RUNG_DONE;
}
