/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How many references of each inode the kernel holds: one for each time that it was told about the
 * inode, until it forgets them. It forgets nothing when the file system is unmounted, so they are
 * counted here as well. Any thread may call.
 */
#ifndef LOVFS_LOVFSD_KNOWN_INODES_H
#define LOVFS_LOVFSD_KNOWN_INODES_H

#include "base/attr.h"
#include "volume/inode.h"

#include <pthread.h>
#include <stdint.h>

#define KNOWN_INODES_SHARDS 64 /* a power of two */

struct known_inodes {
	struct known_shard {
		pthread_mutex_t lock;
		void *tree; /* guarded by lock: tsearch(3) of struct known_inode */
	} shards[KNOWN_INODES_SHARDS];
};

void known_inodes_init(struct known_inodes *known);
/* Drops all references left. No other thread may use `known` any more. */
void known_inodes_release(struct known_inodes *known);

/* The kernel is about to be told of the inode: the caller's reference becomes the kernel's. On
 * -ENOMEM it is dropped. */
int MUST_CHECK known_inodes_take(struct known_inodes *known, struct inode *inode);
/* The kernel drops n references. */
void known_inodes_forget(struct known_inodes *known, struct inode *inode, uint64_t n);

#endif
