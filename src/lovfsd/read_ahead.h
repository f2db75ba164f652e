/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far the kernel reads ahead on the mount. */
#ifndef LOVFS_LOVFSD_READ_AHEAD_H
#define LOVFS_LOVFSD_READ_AHEAD_H

#include "base/attr.h"

#include <stdatomic.h>

/*
 * Raises the mount's read-ahead to `kib`; FUSE has 128 KiB, one small request at a time on a wide
 * file. The kernel lowers it again when the mount begins to be served: so it is looked at for about
 * two seconds, or until *stop. Never touches the mount itself, which could then not be unmounted.
 * Where we may not (only root may) everything stays as it is.
 */
void read_ahead_raise(const char *mount_path, unsigned int kib, const atomic_bool *stop);

#endif
