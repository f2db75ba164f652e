/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the bytes of files differ. Any thread. */
#ifndef LOVFS_MOVER_COMPARE_H
#define LOVFS_MOVER_COMPARE_H

#include "base/attr.h"
#include "io/bandwidth.h"
#include "mover/copy_memory.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define COMPARE_FILES_MAX 16
#define COMPARE_GRAIN_BYTES 4096 /* differences are told as multiples of it */

struct compare_request {
	const int *
		fds; /* borrowed; the first that can be read is what the others are compared with */
	unsigned int count;         /* 2 to COMPARE_FILES_MAX */
	struct bandwidth *limit;    /* may be NULL; of what is read of all files */
	struct copy_memory *memory; /* borrowed; may be NULL. Held for a piece at a time */
	atomic_bool *stop;          /* may be NULL */
	/*
	 * File fds[index] differs from fds[reference] in [start, end), neighbouring ranges joined; where
	 * the sizes differ that is from the smaller one on. Ranges come in order for each file. Anything but
	 * 0 ends it and is returned.
	 */
	int (*differs)(unsigned int index, unsigned int reference, uint64_t start, uint64_t end,
		       void *cookie);
	/*
	 * File fds[index] can't be read, from somewhere on: err, with text. The others are compared further;
	 * where it was the reference, with the next one. Anything but 0 ends it. NULL: that is an error.
	 */
	int (*unreadable)(unsigned int index, int err, void *cookie);
	/* About ten times a second and at the end; of the first file's size. May be NULL. */
	void (*progress)(uint64_t done_bytes, uint64_t total_bytes, void *cookie);
	void *cookie;
};

/* *ret_bytes: how many were read and compared with those of the first file. 0 also where files
 * differ. -ECANCELED. */
int MUST_CHECK compare_run(const struct compare_request *req, uint64_t *ret_bytes);

#endif
