/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A range of data from one file to another with reads and writes overlapped on a ring: while one part is
 * written the next ones are read. For rung_uring.c, which decides about direct I/O.
 */
#ifndef LOVFS_IO_PIPELINE_H
#define LOVFS_IO_PIPELINE_H

#include "io/uring.h"
#include "io/rung.h"

struct pipeline {
	const struct rung_range *range; /* limits, stages and the descriptors without direct I/O */
	struct uring *ring;             /* borrowed: nobody else uses it */
	unsigned int slots;             /* of it, to be used */
	size_t slot_bytes;
	int fds[URING_FILES]; /* borrowed; with direct I/O, or those of the range */
	uint32_t align_bytes; /* direct I/O of either: of offsets and lengths; otherwise 1 */
	bool src_direct, dst_direct;
	bool plain; /* no registered buffers */
	/* the part of the range that is to be copied; aligned to align_bytes where that file is direct */
	uint64_t from, to;
};

/*
 * RUNG_DONE, RUNG_LEFT, RUNG_REFUSED or a real error, as a rung (io/rung.h). *ret_done: the bytes from
 * the front of the range up to which all is copied, at least `from`; behind it parts may be, too. A
 * source that ends, or is read short, before `to`: RUNG_DONE with less.
 */
int MUST_CHECK pipeline_run(const struct pipeline *p, uint64_t *ret_done);

#endif
