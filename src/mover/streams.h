/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way of mover/transfer.h that reads and writes here: several streams, each of which reads a piece and
 * writes it to all targets that need it, so that some read while others write. Direct I/O with ordinary
 * pread(2) and pwrite(2) only.
 *
 * Each stream begins with another target, so that all of them are written at the same time.
 *
 * Where targets are read to compare them, a stream reads its piece of the source first, then that of the
 * target. While it waits for one, others wait for the other: from the second piece on both sides have about
 * half of the streams each, and as much to do as when all pieces are written. Reading both at once would
 * need twice the threads, and no less of the processor: most of that is memcmp(), which sees each byte once.
 *
 * All streams of one request together have what one file may have (mover/copy_memory.h), but at least
 * STREAMS_PIECE_MIN each: on Lustre four streams of 4 MiB and one of 64 MiB are equally fast, and what lies between is
 * as good. Where it is more than STREAMS_BYTES_MIN it is at most one part of STREAMS_PARTS of the file: nothing
 * is written before the first pieces have been read, some streams have nothing to do while the last ones are
 * copied, and memory that is touched for the first time costs its time.
 */
#ifndef LOVFS_MOVER_STREAMS_H
#define LOVFS_MOVER_STREAMS_H

#include "base/attr.h"
#include "base/units.h"
#include "mover/transfer_request.h"

#define STREAMS_PIECE_MIN (4 * MIB)
#define STREAMS_BYTES_MIN (16 * MIB)
#define STREAMS_PARTS 16

/* As transfer_run(), with req->streams set. */
int MUST_CHECK streams_run(const struct transfer_request *req, struct transfer_result *ret_result);

#endif
