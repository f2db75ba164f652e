/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How mirrors or victims begin to follow a file: what may, and what they lack at first. See
 * lovfs_ioctl.h for what they are, and for errors, all of which have text. Any thread may call.
 */
#ifndef LOVFS_VOLUME_FOLLOW_BEGIN_H
#define LOVFS_VOLUME_FOLLOW_BEGIN_H

#include "base/attr.h"
#include "base/fid.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct handle;

struct follow_request {
	bool physical, whole, make_stale;
	const uint32_t *mirror_ids;
	unsigned int mirror_count;
	uint32_t source_id; /* the mirror that is read; 0: any in sync */
	const struct fid *victims;
	unsigned int victim_count;
	uid_t uid; /* caller */
};

int MUST_CHECK follow_begin(struct handle *h, const struct follow_request *req);

#endif
