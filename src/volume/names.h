/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names: making, looking up, linking, renaming and removing. The kernel holds the directories'
 * locks meanwhile. Inodes are given with a reference; functions return 0 or a negative errno.
 */
#ifndef LOVFS_VOLUME_NAMES_H
#define LOVFS_VOLUME_NAMES_H

#include "base/attr.h"
#include "mdt/creator.h"

#include <sys/types.h>

struct inode;

/*
 * Looks a name up. uid is the caller's (hidden files are for root and the file's owner). The name
 * must be one component; "." and ".." are not looked up here. Adds a reference. -ENOENT.
 */
int MUST_CHECK names_lookup(struct inode *parent, const char *name, uid_t uid,
			    struct inode **ret_inode);

int MUST_CHECK names_mkdir(struct inode *parent, const char *name, mode_t mode,
			   const struct mdt_creator *who, struct inode **ret);
int MUST_CHECK names_mknod(struct inode *parent, const char *name, mode_t mode, dev_t dev,
			   const struct mdt_creator *who, struct inode **ret);
int MUST_CHECK names_symlink(const char *target, struct inode *parent, const char *name,
			     const struct mdt_creator *who, struct inode **ret);
/* A regular file with the default layout of its directory. A victim's name (LOVFS_VICTIM_PREFIX)
 * makes a file that has none. */
int MUST_CHECK names_create(struct inode *parent, const char *name, mode_t mode,
			    const struct mdt_creator *who, struct inode **ret);
/*
 * A regular file without a name, with the default layout that it would have in the directory: it
 * waits in PENDING and goes at its last close, or at the next mount after a crash, unless
 * names_link() gives it a name before. Whoever can't open it calls names_abandon().
 */
int MUST_CHECK names_create_nameless(struct inode *parent, mode_t mode,
				     const struct mdt_creator *who, struct inode **ret);
/* A file without a name that nobody has open goes now. */
void names_abandon(struct inode *inode);
/* After a crash a file that had no name has this one, or is destroyed. -ENOENT: it is being
 * destroyed. */
int MUST_CHECK names_link(struct inode *inode, struct inode *parent, const char *name);
int MUST_CHECK names_unlink(struct inode *parent, const char *name);
int MUST_CHECK names_rmdir(struct inode *parent, const char *name);
/* flags of renameat2(2); a whiteout that one leaves is made by the creator. */
int MUST_CHECK names_rename(struct inode *old_parent, const char *old_name, struct inode *parent,
			    const char *name, unsigned int flags, const struct mdt_creator *who);

#endif
