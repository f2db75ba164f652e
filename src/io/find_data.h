/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SEEK_DATA and SEEK_HOLE that can be believed, at a cost that follows the data and not the holes.
 *
 * XFS before Linux 6.9 reports data as a hole where an extent being copied on write starts in the
 * hole before it (mended by "xfs: fix SEEK_HOLE/DATA for regions with active COW extents"); an NFS
 * or SMB server on such a kernel passes the wrong answer on. A copy that believes it loses data. So
 *
 *   believed at once   ext4, Btrfs, tmpfs, Lustre, and all FUSE file systems: lovfs' daemon has
 *                      checked its objects, and FIEMAP doesn't reach a daemon
 *   extents (FIEMAP)   XFS and all others: a hole has no written extent. One call for 32 extents.
 *                      Where there is no FIEMAP (ZFS, some FUSE-like ones), what is said is believed
 *   its ends           NFS and SMB, which have no FIEMAP of their own: the first and last MiB of a
 *                      hole read as zeros. What such a server hides lies in what XFS has set aside
 *                      beside a write (128 KiB, or the file's extent size hint); to read all of a
 *                      hole could be terabytes of nothing
 */
#ifndef LOVFS_IO_FIND_DATA_H
#define LOVFS_IO_FIND_DATA_H

#include "base/attr.h"

#include <stdatomic.h>
#include <stdint.h>

/* As sys_seek(), errors included. stop may be NULL; -ECANCELED soon after it becomes true. */
int MUST_CHECK io_seek(int fd, uint64_t offset, int whence, const atomic_bool *stop,
		       uint64_t *ret_offset);

/* The same in two steps: how holes of the file are checked, and the answer. */
enum find_data_check { FIND_DATA_BELIEVED, FIND_DATA_EXTENTS, FIND_DATA_ENDS };
enum find_data_check find_data_check_for(int fd);
int MUST_CHECK find_data_seek(int fd, enum find_data_check check, uint64_t offset, int whence,
			      const atomic_bool *stop, uint64_t *ret_offset);

#endif
