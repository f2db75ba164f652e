/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Attributes of all kinds of inodes. Any thread may call.
 */
#ifndef LOVFS_VOLUME_INODE_ATTR_H
#define LOVFS_VOLUME_INODE_ATTR_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct inode;

/*
 * Attributes as stat(2). Of a regular file size and blocks are those of its objects, or, where an
 * OST can't be asked, those that are known otherwise (inode/saved_attr.h). -EIO: the size isn't
 * known; it would be taken for the file's. -EUCLEAN: malformed layout.
 */
int MUST_CHECK inode_attr_get(struct inode *inode, struct stat *ret_st);

/* The same for who only wants to have the inode, to remove it for instance. *ret_doubt is 0, or the
 * error because of which the size is no more than what is there at least, and not to be shown to
 * anybody. */
int MUST_CHECK inode_attr_get_of_name(struct inode *inode, struct stat *ret_st, int *ret_doubt);

struct attr_change {
	bool set_mode, set_uid, set_gid, set_size;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	uint64_t size_bytes;
	struct timespec times[2]; /* as utimensat(2): tv_nsec UTIME_OMIT, UTIME_NOW or a time */
};
/*
 * chmod, chown, truncate, utimensat. Truncation instantiates, breaks others' leases. set-user-id
 * bits are the kernel's business (it asks for them to be cleared). The mount checks permissions
 * before.
 */
int MUST_CHECK inode_attr_set(struct inode *inode, const struct attr_change *attr);

#endif
