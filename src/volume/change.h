/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What all changes of an open file's data have in common, whatever they are: group locks hold them
 * back, other mirrors become stale and missing objects are made before, and a full OST is tried once more
 * when removed files have given their space back.
 */
#ifndef LOVFS_VOLUME_CHANGE_H
#define LOVFS_VOLUME_CHANGE_H

#include "base/attr.h"
#include "file/file.h"
#include "io/io.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct handle;

/* One operation that changes data, and the range of the file that it needs objects for. */
struct change {
	struct handle *h;
	ssize_t (*run)(struct change *c);
	uint64_t offset, len_bytes;
	bool writeback; /* see handle_writeback() */
	/* of the single operations: */
	const void *buf;
	int mode;
	struct file_copy copy;
	struct layout *near; /* of the copy's source */
	struct io_moved moved;
};

/* The count (of fallocate: all bytes of the range) or 0 that `run` ended with, or a negative errno:
 * PARK_REQUEST, -EBADF not open for writing, -EROFS see change_check_mirror(). */
ssize_t MUST_CHECK change_run(struct change *c);

/* Through the hidden directory only mirrors can be written, and only those that are being brought up:
 * nobody reads them meanwhile. -EROFS. */
int MUST_CHECK change_check_mirror(const struct handle *h);

#endif
