/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A process beside the daemon that asks the kernel to drop pages of files (FUSE_NOTIFY_INVAL_INODE).
 *
 * Such a call waits, and not even SIGKILL ends the wait, for pages that others hold locked: readers whose
 * requests only the daemon can answer. A daemon that is killed while one of its own threads waits like
 * that never ends, and keeps the mount and the volume. So the waiting is done in another process. When
 * the daemon is gone, it refuses what the kernel still asks for (nobody else will answer it) until its own
 * calls have come back, and ends; with it goes the mount's last connection.
 */
#ifndef LOVFS_LOVFSD_PAGE_DROPPER_H
#define LOVFS_LOVFSD_PAGE_DROPPER_H

#include "base/attr.h"

#include <stdint.h>
#include <sys/types.h>

/* What the daemon writes to it: a number of its own, the inode and range as the kernel knows them. */
struct page_drop_message {
	uint64_t id;
	uint64_t ino;
	int64_t offset, len_bytes; /* 0, 0: the whole file */
};

struct page_dropper {
	pid_t pid;
	int pidfd; /* owned; becomes readable when the process has ended */
};

/*
 * Starts it. requests_fd: end of a pipe from which it reads messages; it ends when all who hold the other
 * end are gone. answers_fd: end of a pipe to which it writes the number (uint64_t) of each that is done;
 * also of those that the kernel refuses, as it does where it knows no such inode. fuse_fd: the mount's. All
 * are borrowed. Other descriptors of the daemon are closed in it. -errno with text.
 */
int MUST_CHECK page_dropper_start(struct page_dropper *d, int requests_fd, int answers_fd,
				  int fuse_fd);

/* It has ended. */
void page_dropper_reap(struct page_dropper *d);

#endif
