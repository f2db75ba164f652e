/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The end of a resync: mirrors that are like the file become in sync.
 *
 * Before the commit both they and the mirrors in sync so far are durable: or after a power loss two
 * mirrors would both be in sync, one without data that the other has. What is written after
 * they were made durable is in the maps, which the commit finds clean or gives up.
 */
#ifndef LOVFS_COMMIT_RESYNC_DONE_H
#define LOVFS_COMMIT_RESYNC_DONE_H

#include "base/attr.h"

#include <stdint.h>

struct handle;

/* See LOVFS_IOC_SYNCED of lovfs_ioctl.h for errors, all of which have text. */
int MUST_CHECK resync_done_commit(struct handle *h, const uint32_t *mirror_ids, unsigned int count);

#endif
