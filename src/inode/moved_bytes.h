/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Counters of bytes, of one inode or of the whole volume.
 */
#ifndef LOVFS_INODE_MOVED_BYTES_H
#define LOVFS_INODE_MOVED_BYTES_H

#include "io/io.h"

#include <stdint.h>

/* Bytes of copies by how they moved, and how many crossed to and from programs. */
struct volume_moved {
	struct io_moved copies;
	uint64_t read_bytes, written_bytes;
	uint64_t failovers; /* reads that another mirror had to serve */
};

#endif
