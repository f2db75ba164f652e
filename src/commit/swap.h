/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Swap: a file gets the layout of a victim, and with it the victim's data; the victim the file's.
 * See lovfs_ioctl.h for what is checked and for errors, all of which have text. Any thread may
 * call.
 */
#ifndef LOVFS_COMMIT_SWAP_H
#define LOVFS_COMMIT_SWAP_H

#include "base/attr.h"
#include "base/fid.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct handle;

struct swap_request {
	struct fid victim;
	bool close_lease;
	uint64_t file_version, victim_version;
	uid_t uid; /* caller */
};
int MUST_CHECK swap_commit(struct handle *h, const struct swap_request *req);

#endif
