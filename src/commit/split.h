/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Split: a mirror leaves its file, and becomes the data of an empty one. See lovfs_ioctl.h for
 * what is checked and for errors, all of which have text. Any thread may call.
 */
#ifndef LOVFS_COMMIT_SPLIT_H
#define LOVFS_COMMIT_SPLIT_H

#include "base/attr.h"
#include "base/fid.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct handle;

struct split_request {
	uint32_t mirror_id;
	struct fid target;
	bool force; /* also where no other mirror can be read now */
	uid_t uid;  /* caller */
};
int MUST_CHECK split_commit(struct handle *h, const struct split_request *req);

#endif
