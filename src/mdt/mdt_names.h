/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of inodes that exist: looked up, added, taken away, moved. Any thread may call. */
#ifndef LOVFS_MDT_MDT_NAMES_H
#define LOVFS_MDT_MDT_NAMES_H

#include "base/attr.h"
#include "base/fid.h"

struct mdt;
struct mdt_creator;

/* -EINVAL unless name may be one: not empty, no slash, not "." or "..". That it isn't too long the
 * kernel checks. */
int MUST_CHECK mdt_names_check(const char *name);

/* An O_PATH descriptor, the caller's. -ENOENT. */
int MUST_CHECK mdt_names_lookup(struct mdt *mdt, int dirfd, const char *name, int *ret_fd);
int MUST_CHECK mdt_names_link(struct mdt *mdt, int fd, int dirfd, const char *name);
int MUST_CHECK mdt_names_rmdir(struct mdt *mdt, int dirfd, const char *name);

/*
 * Removes a name. Where it was the last one of a regular file, the inode is in PENDING/<fid>
 * afterwards (moved there in one step) and *ret_orphan is its FID; otherwise *ret_orphan is zero.
 */
int MUST_CHECK mdt_names_unlink(struct mdt *mdt, int dirfd, const char *name,
				struct fid *ret_orphan);

/* What is renamed to what. */
struct mdt_renaming {
	int old_dirfd, dirfd;
	const char *old_name, *name;
	unsigned int flags;                /* of renameat2(2), any that go together */
	const struct mdt_creator *creator; /* with RENAME_WHITEOUT: of the whiteout */
};

/*
 * renameat2(2). RENAME_WHITEOUT leaves a whiteout (character device 0:0, as overlayfs has them)
 * under the old name, in the same step; -EINVAL where the backing file system can't (Btrfs before
 * Linux 5.19). A regular file whose last name is replaced is in PENDING
 * afterwards as for mdt_names_unlink(): linked there first, so that after a crash it has its name
 * or is in PENDING, or both (recovery then drops the latter).
 */
int MUST_CHECK mdt_names_rename(struct mdt *mdt, const struct mdt_renaming *r,
				struct fid *ret_orphan);

#endif
