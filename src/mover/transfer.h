/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The contents of one file into another on the same mount: copy_file_range(2), from several threads
 * once it turns out that data is really being moved. Where the file system shares extents or its
 * server copies, one call moves everything and no thread is started for nothing.
 */
#ifndef LOVFS_MOVER_TRANSFER_H
#define LOVFS_MOVER_TRANSFER_H

#include "base/attr.h"
#include "mover/bandwidth.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define TRANSFER_THREADS_MAX 64

struct transfer_request {
	int src_fd,
		dst_fd; /* borrowed; readable, readable and writable; the destination is empty */
	uint64_t len_bytes;      /* of the source */
	unsigned int threads;    /* 1 to TRANSFER_THREADS_MAX */
	struct bandwidth *limit; /* may be NULL */
	atomic_bool *stop;       /* may be NULL */
	/* Called by the copying threads before each piece; anything but 0 ends the copy. May be
	 * NULL. */
	int (*may_go_on)(void *cookie);
	/* Called in the caller's thread, about ten times a second and once at the end. May be NULL.
	 */
	void (*progress)(uint64_t done_bytes, void *cookie);
	void *cookie;
};

/*
 * Copies [0, len_bytes). Holes stay holes; the destination's size is not set where a hole is at the
 * end. *ret_user_bytes is what had to be read and written here because the file system has no
 * copy_file_range. -ECANCELED: *stop was set. -EAGAIN: the source has become shorter. Otherwise
 * what the copy or may_go_on() failed with.
 */
int MUST_CHECK transfer_run(const struct transfer_request *req, uint64_t *ret_user_bytes);

#endif
