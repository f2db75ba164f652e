/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lovfsd/known_inodes.h"

#include "base/error.h"
#include "inode/inode.h"
#include "inode/inode_number.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_BUCKETS 16

struct known_inode {
	struct inode *inode;
	uint64_t number;
	uint64_t count;           /* guarded by the shard's lock */
	struct known_inode *next; /* guarded by the shard's lock */
};

/* Numbers come in rows: neighbours go to different shards and chains. */
static uint64_t mix(uint64_t number)
{
	return number * 0x9e3779b97f4a7c15u;
}

static struct known_shard *shard_of(struct known_inodes *known, uint64_t number)
{
	return &known->shards[mix(number) >> 58 & (KNOWN_INODES_SHARDS - 1)];
}

static size_t bucket_of(uint64_t number, size_t bucket_count)
{
	return mix(number) >> 20 & (bucket_count - 1);
}

void known_inodes_init(struct known_inodes *known)
{
	for (int i = 0; i < KNOWN_INODES_SHARDS; i++) {
		known->shards[i] = (struct known_shard){ .count = 0 };
		pthread_mutex_init(&known->shards[i].lock, NULL);
	}
	atomic_init(&known->count, 0);
	atomic_init(&known->told, false);
	known->limit = SIZE_MAX;
}

static void drop_chain(struct known_inode *entry)
{
	while (entry) {
		struct known_inode *next = entry->next;

		inode_forget(entry->inode, entry->count);
		free(entry);
		entry = next;
	}
}

void known_inodes_release(struct known_inodes *known)
{
	for (int i = 0; i < KNOWN_INODES_SHARDS; i++) {
		struct known_shard *shard = &known->shards[i];

		for (size_t b = 0; b < shard->bucket_count; b++)
			drop_chain(shard->buckets[b]);
		free(shard->buckets);
		pthread_mutex_destroy(&shard->lock);
	}
}

/* Where the entry's address is, or would be: the end of its chain. */
static struct known_inode **find_locked(const struct known_shard *shard, uint64_t number)
{
	struct known_inode **at = &shard->buckets[bucket_of(number, shard->bucket_count)];

	while (*at && (*at)->number != number)
		at = &(*at)->next;
	return at;
}

static struct known_inode *get_locked(const struct known_shard *shard, uint64_t number)
{
	return shard->bucket_count ? *find_locked(shard, number) : NULL;
}

/* Doubles the table when chains get long. Without memory they just stay long, but the first one must be. */
static int grow_locked(struct known_shard *shard)
{
	size_t count = shard->bucket_count ? 2 * shard->bucket_count : FIRST_BUCKETS;
	struct known_inode **buckets;

	if (shard->count < shard->bucket_count)
		return 0;
	buckets = calloc(count, sizeof(struct known_inode *));
	if (!buckets)
		return shard->bucket_count ? 0 : -ENOMEM;
	for (size_t b = 0; b < shard->bucket_count; b++) {
		while (shard->buckets[b]) {
			struct known_inode *entry = shard->buckets[b];
			struct known_inode **to = &buckets[bucket_of(entry->number, count)];

			shard->buckets[b] = entry->next;
			entry->next = *to;
			*to = entry;
		}
	}
	free(shard->buckets);
	shard->buckets = buckets;
	shard->bucket_count = count;
	return 0;
}

/* One more reference; -ENOMEM. *ret_new: the first one. */
static int count_one_locked(struct known_shard *shard, struct inode *inode, bool *ret_new)
{
	struct known_inode *entry = get_locked(shard, inode_number(inode));
	struct known_inode **to;

	*ret_new = !entry;
	if (entry) {
		entry->count++;
		return 0;
	}
	entry = malloc(sizeof(*entry));
	if (!entry || grow_locked(shard)) {
		free(entry);
		return -ENOMEM;
	}
	to = &shard->buckets[bucket_of(inode_number(inode), shard->bucket_count)];
	*entry = (struct known_inode){
		.inode = inode, .number = inode_number(inode), .count = 1, .next = *to
	};
	*to = entry;
	shard->count++;
	return 0;
}

/* Says so when there are too many. */
static void watch_limit(struct known_inodes *known)
{
	if (atomic_load(&known->count) > known->limit && !atomic_exchange(&known->told, true))
		known->above(known->cookie);
}

int known_inodes_take(struct known_inodes *known, struct inode *inode)
{
	struct known_shard *shard = shard_of(known, inode_number(inode));
	bool is_new;
	int err;

	pthread_mutex_lock(&shard->lock);
	err = count_one_locked(shard, inode, &is_new);
	if (!err && is_new)
		atomic_fetch_add(&known->count, 1);
	pthread_mutex_unlock(&shard->lock);
	if (err) {
		inode_forget(inode, 1);
		return fail(err, "no memory for an inode");
	}
	if (is_new)
		watch_limit(known);
	return 0;
}

struct inode *known_inodes_find(struct known_inodes *known, uint64_t number)
{
	struct known_shard *shard = shard_of(known, number);
	struct known_inode *entry;

	pthread_mutex_lock(&shard->lock);
	entry = get_locked(shard, number);
	pthread_mutex_unlock(&shard->lock);
	return entry ? entry->inode : NULL;
}

/* Drops n references, of which there may be fewer. Returns the entry if those were the last. */
static struct known_inode *drop_locked(struct known_shard *shard, struct known_inode *entry,
				       uint64_t n)
{
	entry->count -= MIN_OF(n, entry->count);
	if (entry->count)
		return NULL;
	*find_locked(shard, entry->number) = entry->next;
	shard->count--;
	return entry;
}

void known_inodes_forget(struct known_inodes *known, uint64_t number, uint64_t n)
{
	struct known_shard *shard = shard_of(known, number);
	struct known_inode *entry, *gone = NULL;
	struct inode *inode = NULL;

	pthread_mutex_lock(&shard->lock);
	entry = get_locked(shard, number);
	if (entry) {
		inode = entry->inode;
		n = MIN_OF(n, entry->count);
		gone = drop_locked(shard, entry, n);
	}
	pthread_mutex_unlock(&shard->lock);
	if (gone)
		atomic_fetch_sub(&known->count, 1);
	free(gone);
	if (inode && n)
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

static size_t list_locked(const struct known_shard *shard, uint64_t *ret_numbers)
{
	size_t count = 0;

	for (size_t b = 0; b < shard->bucket_count; b++) {
		for (const struct known_inode *i = shard->buckets[b]; i; i = i->next)
			ret_numbers[count++] = i->number;
	}
	return count;
}

int known_inodes_list(struct known_inodes *known, unsigned int shard, uint64_t **ret_inos,
		      size_t *ret_count)
{
	struct known_shard *from = &known->shards[shard];
	uint64_t *numbers;

	pthread_mutex_lock(&from->lock);
	numbers = calloc(from->count + 1, sizeof(*numbers));
	if (numbers)
		*ret_count = list_locked(from, numbers);
	pthread_mutex_unlock(&from->lock);
	if (!numbers)
		return -ENOMEM;
	*ret_inos = numbers;
	return 0;
}
