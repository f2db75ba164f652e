/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keeping the number of inodes that the kernel knows within what we have descriptors for: each inode
 * holds one, and the kernel forgets inodes only when it is short of memory. Above a limit a thread asks
 * it to let go of those that nobody uses.
 *
 * Linux before 6.18 doesn't know the question. There the limit of descriptors is one of inodes in use.
 */
#ifndef LOVFS_LOVFSD_PRUNE_H
#define LOVFS_LOVFSD_PRUNE_H

#include "base/attr.h"
#include "lovfsd/known_inodes.h"

#include <fuse_lowlevel.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

struct prune {
	struct known_inodes *known; /* borrowed */
	struct fuse_session *fuse;  /* borrowed */
	size_t low;                 /* prunes down to this */
	sem_t wanted;
	atomic_bool stop;
	pthread_t thread;
};

int MUST_CHECK prune_init(struct prune *p, struct known_inodes *known, struct fuse_session *fuse);
void prune_release(struct prune *p);

#endif
