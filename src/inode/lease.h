/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Leases: a program works on a file as long as no other writes to it (LOVFS_LEASE_ of
 * lovfs_ioctl.h). One in a file at a time. Any thread may call.
 */
#ifndef LOVFS_INODE_LEASE_H
#define LOVFS_INODE_LEASE_H

#include "base/attr.h"

#include <stdint.h>

struct handle;
struct inode;

/*
 * mode: LOVFS_LEASE_READ: no other may have the file open for writing; _WRITE: nobody else may have
 * it open. -EBUSY: somebody has, or holds a lease. -EBADF: h isn't open for writing; -EINVAL.
 */
int MUST_CHECK lease_take(struct handle *h, uint32_t mode);
/* The mode of the lease that h holds; LOVFS_LEASE_NONE: none, or it is lost. */
uint32_t lease_held(struct handle *h);
/* Gives it up; none is fine. */
void lease_drop(struct handle *h);
/* Somebody else than h (NULL: by name) is about to write: the lease is lost. Caller holds
 * inode->lock. */
void lease_break_locked(struct inode *inode, const struct handle *h);

#endif
