/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Group locks: all who hold the lock of one number work on the file together, and writes of others
 * are held back (park.h). See LOVFS_IOC_GROUP_LOCK of lovfs_ioctl.h. Any thread may call.
 */
#ifndef LOVFS_INODE_GROUP_LOCK_H
#define LOVFS_INODE_GROUP_LOCK_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

struct handle;
struct inode;

/*
 * Writes that were under way have ended when it returns. -EBUSY: a lock of another number is held;
 * -EBADF: h isn't open for writing; -EINVAL: gid is 0, or h holds a lock.
 */
int MUST_CHECK group_lock_take(struct handle *h, uint32_t gid);
/* Wakes the requests that were held back, where it was the last holder. -EINVAL: h doesn't hold
 * it. */
int MUST_CHECK group_lock_release(struct handle *h, uint32_t gid);
/* Gives up what h holds, if anything. */
void group_lock_drop(struct handle *h);
/* Whether a write through h (NULL: by name) is held back. */
bool group_lock_holds_back(struct inode *inode, const struct handle *h);

#endif
