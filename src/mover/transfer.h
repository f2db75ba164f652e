/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ranges of one file into others on the same mount, in the way that is best there.
 *
 * copy_file_range(2), from several threads once it turns out that data is really being moved: where
 * the file system shares extents or its server copies, one call moves everything and no thread is
 * started for nothing. A range that several files need is copied piece by piece, each piece to all
 * of them, so that it comes off the disk once. A hole that is larger than a piece is passed over at
 * once, whatever its size.
 *
 * Or streams (mover/streams.h): read and written here, by direct I/O, several pieces at once.
 */
#ifndef LOVFS_MOVER_TRANSFER_H
#define LOVFS_MOVER_TRANSFER_H

#include "base/attr.h"
#include "mover/transfer_request.h"

/*
 * Copies the ranges. Holes stay holes; a target's size is not set where a hole is at the end.
 * *ret_result is filled on failure, too. -ECANCELED: *stop was set. -EAGAIN: the source has become
 * shorter. Otherwise what the copy, bind() or may_go_on() failed with.
 */
int MUST_CHECK transfer_run(const struct transfer_request *req, struct transfer_result *ret_result);

#endif
