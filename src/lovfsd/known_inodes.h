/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inodes that the kernel knows, by their numbers, and how many references of each it holds: one for each
 * time that it was told about the inode, until it forgets them. It forgets nothing when the file system is
 * unmounted, so they are counted here as well. The root isn't among them. Any thread may call.
 */
#ifndef LOVFS_LOVFSD_KNOWN_INODES_H
#define LOVFS_LOVFSD_KNOWN_INODES_H

#include "base/attr.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define KNOWN_INODES_SHARDS 64 /* a power of two */

struct inode;

struct known_inodes {
	struct known_shard {
		pthread_mutex_t lock;
		/* guarded by lock, below */
		struct known_inode *
			*buckets; /* chains of those with equal low bits of their mixed numbers */
		size_t bucket_count; /* a power of two, or 0 */
		size_t count;
	} shards[KNOWN_INODES_SHARDS];
	atomic_size_t count;
	/* See known_inodes_set_limit(). Set while no request is being served. */
	size_t limit;
	void (*above)(void *cookie);
	void *cookie;
	atomic_bool told; /* above() has been called since the last known_inodes_pruned() */
};

void known_inodes_init(struct known_inodes *known);
/* Drops all references left. No other thread may use `known` any more. */
void known_inodes_release(struct known_inodes *known);

/* The kernel is about to be told of the inode: the caller's reference becomes the kernel's. On
 * -ENOMEM it is dropped. */
int MUST_CHECK known_inodes_take(struct known_inodes *known, struct inode *inode);
/* The inode of a request that the kernel has made: it doesn't forget it before the answer. NULL: the kernel
 * doesn't know it. */
struct inode *known_inodes_find(struct known_inodes *known, uint64_t number);
/* The kernel drops n references. */
void known_inodes_forget(struct known_inodes *known, uint64_t number, uint64_t n);

/*
 * Calls `above`, once until known_inodes_pruned(), when there are more inodes than that. Set it while no
 * request is being served.
 */
void known_inodes_set_limit(struct known_inodes *known, size_t limit, void (*above)(void *cookie),
			    void *cookie);
void known_inodes_pruned(struct known_inodes *known);
size_t known_inodes_count(struct known_inodes *known);

/* The numbers of the inodes in one of the shards, in no order. The caller frees *ret_inos. */
int MUST_CHECK known_inodes_list(struct known_inodes *known, unsigned int shard,
				 uint64_t **ret_inos, size_t *ret_count);

#endif
