/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel is told after a commit on a file. */
#ifndef LOVFS_LOVFSD_IOCTL_TELL_H
#define LOVFS_LOVFSD_IOCTL_TELL_H

#include "base/fid.h"
#include "lovfsd/ioctl_call.h"

/*
 * Where data is has changed, what it says has not: the kernel's pages stay right, its idea of the
 * blocks and times doesn't. Takes none of the inode's locks: only pages would.
 */
void ioctl_tell_moved(const struct ioctl_call *c, struct inode *inode);
/* The file with that FID, which took part in a commit, has other data now: its attributes go at
 * once, its pages soon. */
void ioctl_tell_other(const struct ioctl_call *c, struct fid fid);

#endif
