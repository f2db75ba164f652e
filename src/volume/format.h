/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Making a volume. Everything is checked before anything is written; a failure on the way takes
 * back what was made. volume.conf is written last: a directory without it is no volume.
 */
#ifndef LOVFS_VOLUME_FORMAT_H
#define LOVFS_VOLUME_FORMAT_H

#include "volume/conf.h"

/*
 * Formats MDT and OSTs of `conf` (fsname, OSTs, pools filled in; uuid and privileged are set here:
 * privileged when geteuid() is 0, unless `unprivileged`). mdt_path and OST paths must be existing
 * directories, empty (lost+found apart), all different and not inside one another. -EEXIST,
 * -ENOTEMPTY, -ENOENT, -ENOTDIR, -EINVAL, -EOPNOTSUPP with text naming the directory and the
 * reason.
 */
int MUST_CHECK format_volume(const char *mdt_path, struct conf *conf, bool unprivileged);

#endif
