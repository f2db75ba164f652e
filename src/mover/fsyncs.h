/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several files are made durable at the same time: each waits for disks of its own. */
#ifndef LOVFS_MOVER_FSYNCS_H
#define LOVFS_MOVER_FSYNCS_H

#include "base/attr.h"

#include <stdint.h>

#define FSYNCS_MAX 32

/*
 * fsync(2) of fds[i] for each bit i of `which`; those that aren't asked for may be anything. Where a thread
 * can't be had, one after the other. All are over when it returns; a negative errno without text: that of
 * the first file that failed, whose number is *ret_failed.
 */
int MUST_CHECK fsyncs_run(const int *fds, uint32_t which, unsigned int *ret_failed);

#endif
