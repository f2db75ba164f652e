/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SEEK_DATA and SEEK_HOLE that can be believed.
 *
 * XFS before Linux 6.9 reports data as a hole where an extent being copied on write starts in the
 * hole before it (mended by "xfs: fix SEEK_HOLE/DATA for regions with active COW extents"); an NFS
 * or SMB server on such a kernel passes the wrong answer on. A copy that believes it loses data. So
 * a hole is believed at once on ext4, Btrfs and tmpfs only; elsewhere it must have no written extent
 * (FIEMAP), and where extents can't be asked for, or by way of a network, it must read as zeros.
 */
#ifndef LOVFS_IO_FIND_DATA_H
#define LOVFS_IO_FIND_DATA_H

#include "base/attr.h"

#include <stdint.h>

/* As sys_seek(), errors included. */
int MUST_CHECK io_seek(int fd, uint64_t offset, int whence, uint64_t *ret_offset);

#endif
