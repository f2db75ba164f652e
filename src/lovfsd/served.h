/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Opening a volume that another process has served until now. That process goes on for a while
 * after umount(8) has come back: it closes files and writes back.
 */
#ifndef LOVFS_LOVFSD_SERVED_H
#define LOVFS_LOVFSD_SERVED_H

#include "base/attr.h"
#include "volume/volume.h"

/*
 * As volume_open(), but waits for the other process where the volume isn't mounted any more.
 * -EBUSY: it is mounted, or nothing has moved for long.
 */
int MUST_CHECK served_open(const char *mdt_path, struct volume **ret_volume);

#endif
