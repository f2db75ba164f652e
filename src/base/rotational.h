/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a device's platters turn, so that reading from another is likely faster. */
#ifndef LOVFS_BASE_ROTATIONAL_H
#define LOVFS_BASE_ROTATIONAL_H

#include <stdbool.h>
#include <sys/types.h>

#define ROTATIONAL_SYSFS "/sys"

/*
 * What dev/block/MAJOR:MINOR/queue/rotational below `sysfs` says; a partition has its disk's queue.
 * What isn't known (no block device: Btrfs, NFS, SMB, tmpfs; no sysfs) doesn't rotate. Source:
 * Documentation/ABI/stable/sysfs-block of Linux.
 */
bool rotational_device(const char *sysfs, dev_t device);

#endif
