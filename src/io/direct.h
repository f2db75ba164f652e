/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Direct I/O: descriptors for it, and what it must be aligned to. */
#ifndef LOVFS_IO_DIRECT_H
#define LOVFS_IO_DIRECT_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * A second descriptor of the file that fd refers to, with O_DIRECT. access: O_RDONLY or O_WRONLY.
 * *ret_align_bytes is what offsets and lengths must be multiples of, at least a page: so what is done
 * beside it through the page cache never shares a page with it. memory_align_bytes is what buffers are
 * aligned to. The new descriptor is the caller's. A negative errno without text: do without.
 */
int MUST_CHECK direct_open(int fd, int access, uint32_t memory_align_bytes, int *ret_fd,
			   uint32_t *ret_align_bytes);

/* Both files of a copy with direct I/O, opened when they are needed first, and then used for all of its parts. */
struct direct_files {
	bool opened;
	int src, dst;                  /* owned; -1: without direct I/O */
	uint32_t src_align, dst_align; /* in bytes; 1 without */
};
#define DIRECT_FILES_INIT                                                                          \
	{                                                                                          \
		.src = -1, .dst = -1, .src_align = 1, .dst_align = 1                               \
	}

/* Opens what can be opened, if that has not been tried yet. */
void direct_files_open(struct direct_files *f, int src_fd, int dst_fd, uint32_t memory_align_bytes);
void direct_files_close(struct direct_files *f);

#endif
