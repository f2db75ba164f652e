/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The choice between the kernel's copy and io_uring for what is large and not in the page cache, by
 * measurement: which of the two is faster between two devices can't be known before (an NFS server that
 * copies, ext4 that goes through the page cache, a device behind a controller). The first pieces go each
 * way in turn and are timed up to the moment when they are on the device; then the faster way it is.
 * PURE.
 */
#ifndef LOVFS_IO_CONTEST_H
#define LOVFS_IO_CONTEST_H

#include "base/units.h"

#include <stdbool.h>
#include <stdint.h>

#define CONTEST_PIECE_BYTES (4 * MIB)
#define CONTEST_TRIES 2 /* of each; the better one counts */

enum contest_way { CONTEST_KERNEL, CONTEST_URING, CONTEST_WAYS };

/* Zeroed: nothing is known. */
struct contest {
	unsigned int begun[CONTEST_WAYS], tried[CONTEST_WAYS];
	uint64_t best_bytes_per_s[CONTEST_WAYS];
};

/* Whether it is decided, and how. */
bool contest_decided(const struct contest *c, enum contest_way *ret_way);

/*
 * Which way the next piece goes. *ret_timed: it is a try, of at most CONTEST_PIECE_BYTES, and
 * contest_note() or contest_cancel() follows. Where others are at their last tries, io_uring.
 */
enum contest_way contest_next(struct contest *c, bool *ret_timed);

void contest_note(struct contest *c, enum contest_way way, uint64_t len_bytes, uint64_t took_ns);

/* A try came to nothing. */
void contest_cancel(struct contest *c, enum contest_way way);

#endif
