/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names, attributes and layouts, in a directory tree.
 *
 *   DIR/ROOT/            the name tree: directories, links, special files, an empty inode for each file
 *   DIR/PENDING/<fid>    inodes without a name whose objects are to be destroyed: unlinked, victims
 *   DIR/PENDING/<fid>.swap  commits on two files that aren't finished (mdt/swap_intent.h)
 *   DIR/LAYOUT/<fid>.<n> layouts too large for an xattr
 *   DIR/DIRTY/, DIR/MOUNTED  what stale mirrors lack (mdt/dirty_file.h)
 *   DIR/LAST_FID         bound of FIDs given out (base/idfile.h)
 *   DIR/HANDLE_KEY       secret by which file handles are known (mdt/numbers.h)
 *
 * Names, owners, modes, ACLs, xattrs, hard links and directory order are the backing file system's.
 * On each regular file and directory the xattr trusted.lma holds the FID (struct lustre_mdt_attrs),
 * trusted.lov the layout (layout/codec.h), trusted.som the size at the last close (struct
 * lustre_som_attrs); user. instead of trusted. on an unprivileged volume. All of these are hidden
 * from users.
 *
 * Inodes are handed around as O_PATH descriptors, names as (directory descriptor, one component).
 * Any thread may call.
 */
#ifndef LOVFS_MDT_MDT_H
#define LOVFS_MDT_MDT_H

#include "base/attr.h"

#include <stdbool.h>

struct mdt; /* opaque */

/* Opens the tree that mdt_format() made. -ENOENT and others, with text. */
int MUST_CHECK mdt_open(const char *path, bool privileged, struct mdt **ret_mdt);
void mdt_free(struct mdt *mdt);

/* Descriptors owned by the mdt. */
int mdt_dirfd(const struct mdt *mdt);   /* DIR */
int mdt_root_fd(const struct mdt *mdt); /* O_PATH of ROOT */
int mdt_pending_fd(const struct mdt *mdt);

/* Makes one inode durable: attributes and xattrs, of a directory also its names. fd may be O_PATH.
 */
int MUST_CHECK mdt_fsync(struct mdt *mdt, int fd);
/* Makes all changes so far durable (syncfs). */
int MUST_CHECK mdt_sync(struct mdt *mdt);

#endif
