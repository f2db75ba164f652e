/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Destroys files that have no name and are not open: objects first, then the inode in PENDING. A
 * thread of its own does it in batches, because names must be gone durably (one fsync for each
 * batch) before objects go: otherwise a power loss could bring back a name without its data.
 *
 * After a crash everything to be destroyed is still in PENDING. What can't be destroyed now (an
 * inactive OST) stays there for the next recovery.
 */
#ifndef LOVFS_VOLUME_REAPER_H
#define LOVFS_VOLUME_REAPER_H

#include "base/attr.h"
#include "base/fid.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct volume;

struct reaper {
	pthread_t thread;
	bool running; /* thread exists */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* guarded by lock, below */
	struct fid *queue;
	size_t count, capacity;
	bool busy; /* a batch is being destroyed */
	bool stop;
};

int MUST_CHECK reaper_start(struct reaper *r, struct volume *vol);
/* Destroys what is queued, then ends the thread. A reaper that wasn't started is fine. */
void reaper_stop(struct reaper *r);

/* PENDING/<fid> is to be destroyed. Without memory it stays in PENDING until the next recovery. */
void reaper_add(struct reaper *r, struct fid fid);

/* Waits until all that was added before has been dealt with. */
void reaper_drain(struct reaper *r);

#endif
