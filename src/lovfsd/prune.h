/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keeping the number of inodes that the kernel knows within what we have descriptors for: each inode
 * holds one, and the kernel forgets inodes only when it is short of memory. Above a limit a thread asks
 * it to let go of those that nobody uses. Its answers come as requests like others, and a program that
 * looks at many files may be faster: so above a second limit requests that add inodes wait for them.
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
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct prune {
	struct known_inodes *known; /* borrowed */
	struct fuse_session *fuse;  /* borrowed */
	size_t low;                 /* prunes down to this */
	size_t full;                /* above it prune_make_room() waits */
	sem_t wanted;
	atomic_bool stop;
	atomic_bool unknown;               /* to the kernel: it is no use to wait */
	atomic_uint waiting;               /* threads in prune_make_room() */
	_Atomic uint64_t in_vain_until_ns; /* all are in use, as it seems */
	pthread_t thread;
};

int MUST_CHECK prune_init(struct prune *p, struct known_inodes *known, struct fuse_session *fuse);
void prune_release(struct prune *p);

/*
 * Before a request by which the kernel may come to know one more inode: where there are many, waits until
 * the kernel has let go of some, 200 ms at most, and for a second not again where that was in vain. At
 * most half of the threads that serve wait at a time, as others must hear of what was let go. Any
 * thread may call.
 */
void prune_make_room(struct prune *p);
/* Whether there is room: for what can be left out. Doesn't wait. */
bool prune_has_room(const struct prune *p);

#endif
