/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `lock` in the MDT directory: held with flock(2) by the process that serves the volume. Its one
 * line says what that process is doing, for whoever wants to serve the volume next or waits for it
 * to be closed:
 *
 *   PID starting
 *   PID mounted PATH
 *   PID ending WHAT      what it does just now: "writing out OST 1 (/srv/disk1/ost)"
 *
 * The line is replaced by one write, and what an older, longer one leaves is cut off after that: the
 * file is never empty once it has been written. Who reads it believes a line that is whole, that is
 * the same when it is read again, and whose process exists; otherwise the lock is just changing hands
 * (or the process was killed), and both lock and line are looked at again, for a second.
 */
#ifndef LOVFS_VOLUME_LOCK_FILE_H
#define LOVFS_VOLUME_LOCK_FILE_H

#include "base/attr.h"

#include <limits.h>
#include <stdbool.h>

/*
 * Takes the lock; *ret_fd holds it until it is closed. With text, naming the process: -EBUSY it is
 * served; -EINPROGRESS the process that served it has been unmounted and will give the lock up
 * soon.
 */
int MUST_CHECK lock_file_take(int dirfd, const char *mdt_path, int *ret_fd);

/* What the process that holds the lock is doing from now on. A text that doesn't fit is cut. */
void lock_file_mounted(int fd, const char *mount_path);
void lock_file_ending(int fd, const char *doing);

/* Who holds the lock, and what it said last. */
struct lock_holder {
	long pid;
	char state[16];
	char text[PATH_MAX]; /* PATH or WHAT; may be "" */
};

/*
 * Asks, with fd of the lock file open for reading. -ENOENT: nobody holds the lock; -EAGAIN: it is
 * held, but who holds it hasn't said so yet. Without text.
 */
int MUST_CHECK lock_file_holder(int fd, struct lock_holder *ret_holder);

#endif
