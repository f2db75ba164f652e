/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Merge: victims become mirrors of a file, and are left without data. See lovfs_ioctl.h for
 * what is checked and for errors, all of which have text. Any thread may call.
 */
#ifndef LOVFS_COMMIT_MERGE_H
#define LOVFS_COMMIT_MERGE_H

#include "base/attr.h"
#include "base/fid.h"

#include <stdint.h>
#include <sys/types.h>

struct handle;

struct merge_request {
	const struct fid *victims;
	const uint64_t *victim_versions;
	unsigned int victim_count;
	uint64_t file_version;
	uid_t uid; /* caller */
};
int MUST_CHECK merge_commit(struct handle *h, const struct merge_request *req);

#endif
