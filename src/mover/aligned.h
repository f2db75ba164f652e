/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading and writing that direct I/O can do: memory, offsets and lengths are multiples of a page. Also
 * right for descriptors without O_DIRECT. Any thread.
 */
#ifndef LOVFS_MOVER_ALIGNED_H
#define LOVFS_MOVER_ALIGNED_H

#include "base/attr.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A page, and at least 4 KiB. */
size_t aligned_block_bytes(void);

/* To a multiple of that; not past SIZE_MAX. */
size_t aligned_up(size_t len_bytes);

/* Memory that free() takes; NULL: there is none. */
void *aligned_new(size_t len_bytes);

/*
 * Reads len_bytes at `offset`, both multiples, into such memory. Returns how many there were: fewer only
 * at the end of the file, or a negative errno without text.
 */
ssize_t MUST_CHECK aligned_read(int fd, void *buf, size_t len_bytes, uint64_t offset);

#endif
