/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads the destination of a copy back, from its device and not from the page cache, and compares it:
 * with the checksums that were taken while the bytes passed; where there are none (shared extents, holes)
 * with the source.
 */
#ifndef LOVFS_COPY_VERIFY_H
#define LOVFS_COPY_VERIFY_H

#include "io/buffers.h"
#include "io/sums.h"

#include <stdatomic.h>

struct verify {
	int src_fd, dst_fd; /* borrowed */
	uint64_t src_offset, dst_offset, len_bytes;
	const struct sums
		*sums;     /* settled, of offsets in the destination; what is outside counts too */
	atomic_bool *stop; /* may be NULL */
};

/*
 * Writes the destination out, takes it out of the page cache and reads it, with direct I/O where that is
 * possible. 0: the range is as it should be, and the file reaches to its end. -EBADMSG: it isn't, the text
 * says where. *ret_verified_bytes counts what was right, also on failure. -ECANCELED. Other errors of
 * reading.
 */
int MUST_CHECK verify_run(struct buffers *buffers, const struct verify *v,
			  uint64_t *ret_verified_bytes);

#endif
