/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Write-behind and drop-behind for copies through the page cache: what was written is started on its
 * way to the device in windows, so that a following fsync is short; and a copy that would fill the cache
 * with what nobody asked for takes its pages out again. Keeps no state: the pieces of one file may
 * come from several threads.
 */
#ifndef LOVFS_IO_BEHIND_H
#define LOVFS_IO_BEHIND_H

#include "base/attr.h"
#include "base/units.h"

#include <stdbool.h>
#include <stdint.h>

#define BEHIND_WINDOW_BYTES (8 * MIB)

/*
 * Bytes [start, end) have just been written. drop: the window before the last is waited for and leaves the
 * page cache; then an error of writing it out is returned, without text, since the kernel reports it
 * to a descriptor once only: the fsync would not see it any more. Otherwise 0.
 */
int MUST_CHECK behind_written(int fd, uint64_t start, uint64_t end, bool drop);

/*
 * A part of a copy is done: what is left of it in the page cache is waited for and leaves it, in both files
 * (src_fd -1: in the destination). As above.
 */
int MUST_CHECK behind_leave(int src_fd, uint64_t src_offset, int dst_fd, uint64_t dst_offset,
			    uint64_t len_bytes);

/* Waits until a range is written out. 0 also where there is no page cache to write from. As above. */
int MUST_CHECK behind_finish(int fd, uint64_t offset, uint64_t len_bytes);

/* Bytes [start, end) have just been read, and were not in the page cache before: windows that are
 * complete leave it. */
void behind_read(int fd, uint64_t start, uint64_t end);

#endif
