/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PENDING: inodes without another name, by FID. Any thread may call. */
#ifndef LOVFS_MDT_PENDING_H
#define LOVFS_MDT_PENDING_H

#include "base/attr.h"
#include "base/fid.h"

struct mdt;

/* Links an inode to PENDING/<fid>: for as long as recovery must find it there. Not durable yet; a
 * link that is there already is fine. */
int MUST_CHECK pending_link(struct mdt *mdt, struct fid fid, int fd);
/* PENDING/<fid>: opened O_PATH; removed. -ENOENT. */
int MUST_CHECK pending_open(struct mdt *mdt, struct fid fid, int *ret_fd);
int MUST_CHECK pending_remove(struct mdt *mdt, struct fid fid);
/* Calls fn for each FID in PENDING until it returns non-zero, which is returned. Twice for one that
 * has a commit unfinished, also where only that is left of it. */
int MUST_CHECK pending_for_each(struct mdt *mdt, int (*fn)(void *cookie, struct fid fid),
				void *cookie);

#endif
