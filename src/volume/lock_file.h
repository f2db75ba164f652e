/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `lock` in the MDT directory: held with flock(2) by the process that serves the volume. Its one
 * line says how far that process is, for whoever wants to serve the volume next:
 *
 *   PID starting
 *   PID mounted PATH
 *   PID ending
 */
#ifndef LOVFS_VOLUME_LOCK_FILE_H
#define LOVFS_VOLUME_LOCK_FILE_H

#include "base/attr.h"

/*
 * Takes the lock; *ret_fd holds it until it is closed. With text, naming the process: -EBUSY it is
 * served; -EINPROGRESS the process that served it has been unmounted and will give the lock up
 * soon.
 */
int MUST_CHECK lock_file_take(int dirfd, const char *mdt_path, int *ret_fd);

/* What the process that holds the lock is doing from now on. */
void lock_file_mounted(int fd, const char *mount_path);
void lock_file_ending(int fd);

#endif
