/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file, or a range of one, between two descriptors of any file systems: copied by copy/run.h, which
 * splits it between workers, and verified if that is asked for.
 */
#ifndef LOVFS_COPY_FILECOPY_H
#define LOVFS_COPY_FILECOPY_H

#include "io/io.h"

struct filecopy {
	int src_fd, dst_fd; /* borrowed; readable; readable and writable, no O_APPEND */
	/* Bytes of both files. */
	uint64_t src_offset, dst_offset, len_bytes;
	/*
	 * All of the source, from its start to its end, into all of the destination, which gets its size
	 * and loses what it had; the offsets and the length above don't count.
	 */
	bool whole;
	bool no_share;           /* a physical copy */
	bool verify;             /* the destination is read back from its device and compared */
	bool sync;               /* durable when it is done */
	unsigned int workers;    /* at most; 0: as many as keep the devices busy */
	struct bandwidth *limit; /* may be NULL */
	_Atomic uint64_t *done_bytes; /* may be NULL: counts what has arrived, holes included */
	atomic_bool *stop;            /* may be NULL: -ECANCELED soon after it becomes true */
};

struct filecopy_result {
	struct io_moved moved;
	uint64_t copied_bytes; /* of the range or file, holes included; on failure what is known */
	uint64_t verified_bytes; /* read back and found right */
	bool changed;            /* the source was written, or cut off, meanwhile */
};

/*
 * The range may reach past the source's end: what is missing is left out, and with `whole` the size
 * that the source had at the beginning, or has at the end where that is less, is what the destination gets:
 * a source that grows all the time can't keep the copy from its end. 0, or an error with its text; then
 * the destination has parts of the copy. -EBADMSG: it was verified and differs. -EAGAIN: it can't be
 * verified, since the source changed. -EINVAL: overlapping ranges of one file; not a regular file. -ECANCELED.
 */
int MUST_CHECK filecopy_run(struct io_ladder *ladder, const struct filecopy *c,
			    struct filecopy_result *ret_result);

#endif
