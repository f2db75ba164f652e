/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounting a volume and serving it until it is unmounted. */
#ifndef LOVFS_LOVFSD_SERVE_H
#define LOVFS_LOVFSD_SERVE_H

#include "base/attr.h"
#include "lovfsd/mount_options.h"
#include "volume/volume.h"

/*
 * Mounts `vol` and answers requests. `ready` is called when the mount can be used. Returns 0 after
 * it was unmounted or a signal asked to stop (stop.h), -EIO and others with text where it couldn't
 * be mounted or served. Nothing of `vol` is in use any more afterwards, and nothing is mounted.
 */
int MUST_CHECK serve_volume(struct volume *vol, const struct mount_options *opts,
			    void (*ready)(void *cookie), void *cookie);

#endif
