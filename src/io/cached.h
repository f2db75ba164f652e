/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a part of a file is in the page cache: then it is read from there, and not from the device. */
#ifndef LOVFS_IO_CACHED_H
#define LOVFS_IO_CACHED_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether most of the range is, by cachestat(2), or, where that isn't allowed or known, by some reads
 * that take no waiting. False where it can't be found out. The range isn't empty.
 */
bool cached_mostly(int fd, uint64_t offset, uint64_t len_bytes);

#endif
