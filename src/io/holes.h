/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a file has data. */
#ifndef LOVFS_IO_HOLES_H
#define LOVFS_IO_HOLES_H

#include "base/attr.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * What is at `pos`, below `end`: a hole, or data, and up to where (pos < *ret_end <= end). All is
 * data where the file system can't tell; a hole reaches to `end` where no data follows, also past
 * the end of the file. Real errors only, and -ECANCELED after *stop (may be NULL) became true.
 */
int MUST_CHECK holes_at(int fd, uint64_t pos, uint64_t end, const atomic_bool *stop, bool *ret_hole,
			uint64_t *ret_end);

#endif
