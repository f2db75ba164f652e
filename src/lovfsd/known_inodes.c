/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lovfsd/known_inodes.h"

#include "base/error.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>

struct known_inode {
	struct inode *inode;
	uint64_t count; /* guarded by the shard's lock */
};

static int compare(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)((const struct known_inode *)a)->inode;
	uintptr_t y = (uintptr_t)((const struct known_inode *)b)->inode;

	return x < y ? -1 : x > y;
}

/* The low bits of an address say nothing: inodes are allocated. */
static struct known_shard *shard_of(struct known_inodes *known, const struct inode *inode)
{
	uint64_t mixed = ((uintptr_t)inode >> 4) * 0x9e3779b97f4a7c15u;

	return &known->shards[mixed >> 58 & (KNOWN_INODES_SHARDS - 1)];
}

void known_inodes_init(struct known_inodes *known)
{
	for (int i = 0; i < KNOWN_INODES_SHARDS; i++) {
		pthread_mutex_init(&known->shards[i].lock, NULL);
		known->shards[i].tree = NULL;
	}
}

static void drop_all(void *p)
{
	struct known_inode *entry = p;

	inode_forget(entry->inode, entry->count);
	free(entry);
}

void known_inodes_release(struct known_inodes *known)
{
	for (int i = 0; i < KNOWN_INODES_SHARDS; i++) {
		tdestroy(known->shards[i].tree, drop_all);
		pthread_mutex_destroy(&known->shards[i].lock);
	}
}

/* One more reference in the tree; false where there is no memory. */
static bool count_one(void **tree, struct inode *inode)
{
	struct known_inode key = { .inode = inode };
	struct known_inode **found = tfind(&key, tree, compare);
	struct known_inode *entry;

	if (found) {
		(*found)->count++;
		return true;
	}
	entry = malloc(sizeof(*entry));
	if (!entry)
		return false;
	*entry = (struct known_inode){ .inode = inode, .count = 1 };
	if (tsearch(entry, tree, compare))
		return true;
	free(entry);
	return false;
}

int known_inodes_take(struct known_inodes *known, struct inode *inode)
{
	struct known_shard *shard = shard_of(known, inode);
	bool counted;

	pthread_mutex_lock(&shard->lock);
	counted = count_one(&shard->tree, inode);
	pthread_mutex_unlock(&shard->lock);
	if (counted)
		return 0;
	inode_forget(inode, 1);
	return fail(-ENOMEM, "no memory for an inode");
}

void known_inodes_forget(struct known_inodes *known, struct inode *inode, uint64_t n)
{
	struct known_shard *shard = shard_of(known, inode);
	struct known_inode key = { .inode = inode };
	struct known_inode **found;
	struct known_inode *gone = NULL;

	pthread_mutex_lock(&shard->lock);
	found = tfind(&key, &shard->tree, compare);
	if (!found)
		n = 0;
	else if (n < (*found)->count)
		(*found)->count -= n;
	else {
		gone = *found;
		n = gone->count;
		tdelete(gone, &shard->tree, compare);
	}
	pthread_mutex_unlock(&shard->lock);
	free(gone);
	if (n)
		inode_forget(inode, n);
}
