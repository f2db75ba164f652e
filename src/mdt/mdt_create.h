/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* New inodes on the MDT. Any thread may call. */
#ifndef LOVFS_MDT_MDT_CREATE_H
#define LOVFS_MDT_MDT_CREATE_H

#include "base/attr.h"
#include "base/fid.h"

#include <sys/types.h>

struct layout;
struct mdt;
struct mdt_creator;

/*
 * Makes an inode under (dirfd, name), with owner, mode, set-group-id inheritance and default ACL as
 * the system call of the same name by that creator would, and a FID. A regular file appears with
 * its layout xattr in one step (O_TMPFILE, then linkat); `layout` may be NULL for none. -EEXIST.
 * ret_fd is an O_PATH descriptor the caller owns.
 */
int MUST_CHECK mdt_create(struct mdt *mdt, int dirfd, const char *name, mode_t mode,
			  const struct mdt_creator *who, const struct layout *layout, int *ret_fd);
int MUST_CHECK mdt_create_dir(struct mdt *mdt, int dirfd, const char *name, mode_t mode,
			      const struct mdt_creator *who, int *ret_fd);
int MUST_CHECK mdt_create_node(struct mdt *mdt, int dirfd, const char *name, mode_t mode, dev_t dev,
			       const struct mdt_creator *who, int *ret_fd);
int MUST_CHECK mdt_create_symlink(struct mdt *mdt, const char *target, int dirfd, const char *name,
				  const struct mdt_creator *who, int *ret_fd);

/*
 * A regular file without a name: in PENDING from the start (a victim, O_TMPFILE). It inherits from
 * the directory dirfd what one with a name there would.
 */
int MUST_CHECK mdt_create_pending(struct mdt *mdt, int dirfd, mode_t mode,
				  const struct mdt_creator *who, const struct layout *layout,
				  struct fid *ret_fid, int *ret_fd);

#endif
