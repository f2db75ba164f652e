/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SIGTERM, SIGINT and SIGHUP end the service in order: what shared mappings have changed is written
 * back first, while there still is somebody to write it to; then the request loop is made to
 * return.
 *
 * A thread of its own waits for the signals, all others block them; so none is lost, and nothing is
 * done inside a handler.
 */
#ifndef LOVFS_LOVFSD_STOP_H
#define LOVFS_LOVFSD_STOP_H

#include "base/attr.h"

#include <fuse_lowlevel.h>
#include <pthread.h>
#include <stdatomic.h>

struct stop {
	struct fuse_session *fuse; /* borrowed */
	const char *mount_path;    /* borrowed */
	pthread_t loop, waiter;
	atomic_bool loop_ended;
};

/* Blocks the signals for this thread and those it starts. Before any other thread is started. */
void stop_block_signals(void);

/* Which of the signals has come since they were blocked, waiting for one up to timeout_ms; 0: none.
 * Before stop_init(). */
int stop_requested(unsigned int timeout_ms);

/* The calling thread is about to run the request loop of `fuse`. */
int MUST_CHECK stop_init(struct stop *stop, struct fuse_session *fuse, const char *mount_path);
/* The loop has returned. */
void stop_release(struct stop *stop);

#endif
