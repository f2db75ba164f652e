/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Holding a file's writers back by a group lock, and for how long. For one thread. */
#ifndef LOVFS_MOVER_HOLD_H
#define LOVFS_MOVER_HOLD_H

#include "base/attr.h"
#include "fs/fs.h"

#include <stdatomic.h>

struct hold {
	uint32_t gid;      /* 0: nothing is held */
	uint64_t since_ns; /* of clock_now_ns() */
};

/*
 * fd is of fs_ops.open_source(). Where another holds the lock it is tried again for up to wait_ns,
 * until *stop (may be NULL); then -EBUSY. Where the file system waits itself, only a signal ends that:
 * -ECANCELED with *stop. The caller writes out before what is dirty: under the lock
 * that can't be done.
 */
int MUST_CHECK hold_writers(struct fs *fs, int fd, uint64_t wait_ns, const atomic_bool *stop,
			    struct hold *ret_hold);

/* Lets writers go on; does nothing where nothing is held. Returns how long they waited, at most, in
 * nanoseconds. */
uint64_t hold_release(struct fs *fs, int fd, struct hold *hold);

#endif
