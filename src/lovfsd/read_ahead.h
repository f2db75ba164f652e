/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far the kernel reads ahead on the mount. */
#ifndef LOVFS_LOVFSD_READ_AHEAD_H
#define LOVFS_LOVFSD_READ_AHEAD_H

#include "base/attr.h"

/*
 * Raises the mount's read-ahead to `kib`; FUSE has 128 KiB, one small request at a time on a wide
 * file. Asks the file system for its root first, and so waits until it is served: the kernel would
 * lower it again when it begins. Where we may not (only root may) everything stays as it is.
 */
void read_ahead_raise(const char *mount_path, unsigned int kib);

#endif
