/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way of mover/transfer.h that reads and writes here: several streams, each of which reads a piece and
 * writes it to all targets that need it, so that some read while others write. Direct I/O with ordinary
 * pread(2) and pwrite(2) only.
 *
 * All streams of one request have at most STREAMS_BYTES of memory, but at least STREAMS_PIECE_MIN each: on
 * Lustre four streams of 4 MiB and one of 64 MiB are equally fast, and what lies between is as good.
 */
#ifndef LOVFS_MOVER_STREAMS_H
#define LOVFS_MOVER_STREAMS_H

#include "base/attr.h"
#include "base/units.h"
#include "mover/transfer_request.h"

#define STREAMS_BYTES (32 * MIB)
#define STREAMS_PIECE_MIN (4 * MIB)
#define STREAMS_PIECE_MAX (64 * MIB)

/* As transfer_run(), with req->streams set. */
int MUST_CHECK streams_run(const struct transfer_request *req, struct transfer_result *ret_result);

#endif
