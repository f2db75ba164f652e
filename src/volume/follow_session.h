/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session of a mover: what it hands out of the dirty maps of the mirrors or victims that follow
 * the file, what was copied, and its end. See lovfs_ioctl.h for errors, all of which have text. Any
 * thread may call.
 */
#ifndef LOVFS_VOLUME_FOLLOW_SESSION_H
#define LOVFS_VOLUME_FOLLOW_SESSION_H

#include "base/attr.h"
#include "base/fid.h"
#include "file/dirty_map.h"

#include <stdbool.h>
#include <stdint.h>

struct handle;

/* Whether the victim is a copy that follows the file, through whatever handle. */
bool follow_session_has_victim(struct handle *h, struct fid victim);

/* Takes up to max_count ranges, max_bytes together. Short: the first call after it begins at 0
 * again.
 *  */
int MUST_CHECK follow_session_next(struct handle *h, uint32_t mirror_id, uint64_t from,
				   uint64_t max_bytes, struct dirty_range *ret_ranges,
				   unsigned int max_count, unsigned int *ret_count,
				   uint64_t *ret_left_bytes, uint64_t *ret_size_bytes);
int MUST_CHECK follow_session_copied(struct handle *h, uint32_t mirror_id,
				     const struct dirty_range *range);
/* Nothing to end is fine. */
void follow_session_end(struct handle *h);

#endif
