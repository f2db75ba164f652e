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
		known->shards[i].count = 0;
	}
	atomic_init(&known->count, 0);
	atomic_init(&known->told, false);
	known->limit = SIZE_MAX;
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

/* One more reference in the tree; -ENOMEM. *ret_new: the first one. */
static int count_one(void **tree, struct inode *inode, bool *ret_new)
{
	struct known_inode key = { .inode = inode };
	struct known_inode **found = tfind(&key, tree, compare);
	struct known_inode *entry;

	*ret_new = !found;
	if (found) {
		(*found)->count++;
		return 0;
	}
	entry = malloc(sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	*entry = (struct known_inode){ .inode = inode, .count = 1 };
	if (tsearch(entry, tree, compare))
		return 0;
	free(entry);
	return -ENOMEM;
}

/* Says so when there are too many. */
static void watch_limit(struct known_inodes *known)
{
	if (atomic_load(&known->count) > known->limit && !atomic_exchange(&known->told, true))
		known->above(known->cookie);
}

int known_inodes_take(struct known_inodes *known, struct inode *inode)
{
	struct known_shard *shard = shard_of(known, inode);
	bool is_new;
	int err;

	pthread_mutex_lock(&shard->lock);
	err = count_one(&shard->tree, inode, &is_new);
	if (!err && is_new) {
		shard->count++;
		atomic_fetch_add(&known->count, 1);
	}
	pthread_mutex_unlock(&shard->lock);
	if (err) {
		inode_forget(inode, 1);
		return fail(err, "no memory for an inode");
	}
	if (is_new)
		watch_limit(known);
	return 0;
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
		shard->count--;
		atomic_fetch_sub(&known->count, 1);
	}
	pthread_mutex_unlock(&shard->lock);
	free(gone);
	if (n)
		inode_forget(inode, n);
}

void known_inodes_set_limit(struct known_inodes *known, size_t limit, void (*above)(void *cookie),
			    void *cookie)
{
	known->limit = limit;
	known->above = above;
	known->cookie = cookie;
}

void known_inodes_pruned(struct known_inodes *known)
{
	atomic_store(&known->told, false);
	watch_limit(known);
}

size_t known_inodes_count(struct known_inodes *known)
{
	return atomic_load(&known->count);
}

struct listing_of_inodes {
	uint64_t *inos;
	size_t count;
};

static void list_one(const void *node, VISIT visit, void *cookie)
{
	const struct known_inode *const *entry = node;
	struct listing_of_inodes *l = cookie;

	if (visit == postorder || visit == leaf)
		l->inos[l->count++] = (uintptr_t)(*entry)->inode;
}

int known_inodes_list(struct known_inodes *known, unsigned int shard, uint64_t **ret_inos,
		      size_t *ret_count)
{
	struct known_shard *from = &known->shards[shard];
	struct listing_of_inodes l = { 0 };

	pthread_mutex_lock(&from->lock);
	l.inos = calloc(from->count + 1, sizeof(*l.inos));
	if (l.inos)
		twalk_r(from->tree, list_one, &l);
	pthread_mutex_unlock(&from->lock);
	if (!l.inos)
		return -ENOMEM;
	*ret_inos = l.inos;
	*ret_count = l.count;
	return 0;
}
