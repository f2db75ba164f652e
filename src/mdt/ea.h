/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The reserved xattrs of an inode, by their last name ("lov"): trusted.lov, or user.lov on an
 * unprivileged volume.
 *
 * A user. xattr can be read and written only by who may read and write the file, and the daemon of
 * an unprivileged volume is no more than the file's owner. So where the mode forbids it (a file
 * made with mode 0444), the owner's read and write permission is added for the moment;
 * mdt->mode_lock keeps ea_chmod() from coming between.
 */
#ifndef LOVFS_MDT_EA_H
#define LOVFS_MDT_EA_H

#include "base/attr.h"

#include <stddef.h>
#include <sys/types.h>

struct mdt;

/* As sys_getxattr_fd(), sys_setxattr_fd(), sys_removexattr_fd(). fd may be O_PATH. No text is set.
 */
ssize_t MUST_CHECK ea_get(struct mdt *mdt, int fd, const char *last_name, void *buf, size_t size);
int MUST_CHECK ea_set(struct mdt *mdt, int fd, const char *last_name, const void *value,
		      size_t len_bytes, int flags);
int MUST_CHECK ea_remove(struct mdt *mdt, int fd, const char *last_name);

/* chmod(2). On an unprivileged volume modes must not be changed in another way: reserved xattrs
 * lend permission (see above). */
int MUST_CHECK ea_chmod(struct mdt *mdt, int fd, mode_t mode);

#endif
