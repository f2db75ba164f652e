/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ranges of one file into others on the same mount: copy_file_range(2), from several threads once it
 * turns out that data is really being moved. Where the file system shares extents or its server
 * copies, one call moves everything and no thread is started for nothing. A range that several files
 * need is copied piece by piece, each piece to all of them, so that it comes off the disk once.
 */
#ifndef LOVFS_MOVER_TRANSFER_H
#define LOVFS_MOVER_TRANSFER_H

#include "base/attr.h"
#include "io/bandwidth.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define TRANSFER_THREADS_MAX 64

#define TRANSFER_TARGETS_MAX 32

struct transfer_range {
	uint64_t start, end; /* bytes, the same in all files */
	uint32_t targets;    /* bit i: target_fds[i] needs it */
};

struct transfer_request {
	int src_fd;                          /* borrowed; readable */
	const int *target_fds;               /* borrowed; readable and writable */
	unsigned int target_count;           /* 1 to TRANSFER_TARGETS_MAX */
	const struct transfer_range *ranges; /* in order, not overlapping */
	unsigned int range_count;
	bool fresh;      /* the targets have no data in the ranges */
	bool may_shrink; /* what the source doesn't have any more is left out, and not -EAGAIN */
	unsigned int threads;    /* 1 to TRANSFER_THREADS_MAX */
	struct bandwidth *limit; /* may be NULL */
	atomic_bool *stop;       /* may be NULL */
	/* Called by the copying threads before each piece; anything but 0 ends the copy. May be
	 * NULL. */
	int (*may_go_on)(void *cookie);
	/* done_bytes are summed over the targets. Called in the caller's thread, about ten times a
	 * second and once at the end. May be NULL. */
	void (*progress)(uint64_t done_bytes, void *cookie);
	void *cookie;
};

/*
 * Copies the ranges. Holes stay holes; a target's size is not set where a hole is at the end.
 * *ret_user_bytes is what had to be read and written here because the file system has no
 * copy_file_range. -ECANCELED: *stop was set. -EAGAIN: the source has become shorter. Otherwise
 * what the copy or may_go_on() failed with.
 */
int MUST_CHECK transfer_run(const struct transfer_request *req, uint64_t *ret_user_bytes);

#endif
