/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The targets of a volume, and their sums: space and inodes, total, used and available. */
#ifndef LOVFS_CLI_DF_SUM_H
#define LOVFS_CLI_DF_SUM_H

#include "base/attr.h"
#include "fs/fs.h"

/* Zeroed is empty. The MDT is the first. */
struct df_targets {
	struct fs_target *all; /* owned */
	uint32_t count;
};

/* In bytes, or inodes. used and avail don't add up to total where some is reserved for root. */
struct df_numbers {
	uint64_t total, used, avail;
};

/*
 * Asks for all targets; with a pool ("NAME" or "FSNAME.NAME", NULL: all) for the MDT and the pool's
 * OSTs. -ENOENT: there is no such pool. -EINVAL: it is another file system's.
 */
int MUST_CHECK df_targets_get(struct df_targets *ret_targets, struct fs *fs, const char *pool);
void df_targets_release(struct df_targets *targets);

struct df_numbers df_numbers_of(const struct fs_target *t, bool inodes);

/* Of the active OSTs. OSTs on one device count once. Of inodes: what the MDT has, as far as the
 * OSTs have objects for it. */
struct df_numbers df_sum(const struct df_targets *targets, bool inodes);

/* Used of used and available, rounded up as df(1) and lfs df do. */
unsigned int df_percent(const struct df_numbers *n);

#endif
