/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * struct volume, for the files that serve it: what all inodes of a volume have in common.
 *
 * Locks, in the order in which they are taken (docs/locking.md): inode.commit_lock (several: by
 * FID), volume.link_gate, the layout lock inside struct file (several: by FID), inode.lock,
 * volume.table_lock, volume.alloc_lock, reaper.lock, volume.moved_lock.
 */
#ifndef LOVFS_INODE_VOLUME_STATE_H
#define LOVFS_INODE_VOLUME_STATE_H

#include "inode/link_gate.h"
#include "inode/moved_bytes.h"
#include "io/io.h"
#include "layout/rules.h"
#include "ost/alloc.h"
#include "ost/ost_set.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf;
struct inode;
struct layout;
struct mdt;
struct reaper;

struct inode_table {
	struct inode **buckets; /* chains by inode.next */
	size_t bucket_count;    /* a power of two */
	size_t count;
};

/* Files whose FIDs were asked for last, which stay in use. */
#define VOLUME_NAMED_MAX 64

/* When a read sets the file's time of access: as the mount options of those names say. */
enum access_rule { ACCESS_NEVER, ACCESS_RELATIVE, ACCESS_ALWAYS };

struct volume {
	struct conf *conf; /* owned */
	char *mdt_path;    /* owned */
	struct mdt *mdt;
	bool in_use; /* dirty_file_begin_use() was called */
	int lock_fd; /* holds flock(2) of `lock` in the MDT directory */
	struct ost_set osts;
	struct io_ladder ladder;
	struct layout_limits limits;
	struct layout
		*default_layout;      /* where a directory says nothing: plain, 1 stripe of 1 MiB */
	uint64_t first_version;       /* data versions of this mount start here */
	enum access_rule access_rule; /* constant once reads come */
	struct inode *root;
	struct reaper *reaper; /* owned */

	struct link_gate link_gate; /* names come or go; or the intent of a commit exists */

	pthread_mutex_t table_lock;
	struct inode_table table; /* guarded by table_lock */
	struct inode
		*named[VOLUME_NAMED_MAX]; /* references, guarded by table_lock: inode_named() */
	unsigned int next_named;          /* guarded by table_lock: the oldest */
	uint64_t
		next_apart; /* guarded by table_lock: number of the next inode that isn't found by one */

	pthread_mutex_t alloc_lock;
	struct alloc_state alloc; /* guarded by alloc_lock */

	pthread_mutex_t moved_lock;
	struct volume_moved moved; /* guarded by moved_lock */
};

#endif
