/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Requests that another's group lock holds back: kept here, not in a thread, and done when the lock
 * goes. A request that its caller gives up on (a signal) is answered with EINTR.
 */
#ifndef LOVFS_LOVFSD_HELD_H
#define LOVFS_LOVFSD_HELD_H

#include "volume/inode_attr.h"

#include <fuse_lowlevel.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct session;
struct open_file;

/* What may be held back: how it is done, and with what. Which fields mean anything is `attempt`'s
 * matter. */
struct held_op {
	/* Does it and answers the request; or PARK_REQUEST, having done and answered nothing. */
	int (*attempt)(struct session *s, fuse_req_t req, const struct held_op *op);
	struct inode *inode; /* whose group lock it may meet */
	struct open_file *file, *source;
	uint64_t offset, source_offset, len_bytes;
	const void *data; /* len_bytes of it, or NULL; copied when the request is kept */
	int mode;         /* of fallocate() */
	struct fuse_file_info info;
	struct attr_change attr;
	bool was_held; /* set by held_run() */
};

struct held_request; /* opaque */

/* All requests that are held. */
struct held_list {
	pthread_mutex_t lock;
	struct held_request *first; /* guarded by lock */
};

void held_list_init(struct held_list *list);
/* Answers what is still held with EINTR. No request is being served any more. */
void held_list_release(struct held_list *list);

/* Does the operation, now or when it is let. The request is answered in any case. `s` is only
 * handed on. */
void held_run(struct held_list *list, struct session *s, fuse_req_t req, const struct held_op *op);

#endif
