/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tree/hardlinks.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#define BUCKETS_MIN 1024

enum state { BEING_MADE, MADE, FAILED };

struct hardlink {
	struct hardlink *next;
	dev_t dev;
	ino_t ino;
	enum state state;    /* guarded by the table's lock */
	struct dirpair *dir; /* owns a reference; set once it is MADE, then constant */
	char *name;          /* owned; the same */
};

struct hardlinks {
	pthread_mutex_t lock;
	pthread_cond_t ended; /* something isn't BEING_MADE any more */
	/* guarded by lock: */
	struct hardlink **buckets; /* owned; bucket_count is a power of two */
	size_t bucket_count, count;
};

int hardlinks_new(struct hardlinks **ret_links)
{
	struct hardlinks *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->bucket_count = BUCKETS_MIN;
	h->buckets = calloc(h->bucket_count, sizeof(struct hardlink *));
	if (!h->buckets) {
		free(h);
		return -ENOMEM;
	}
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->ended, NULL);
	*ret_links = h;
	return 0;
}

void hardlinks_free(struct hardlinks *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->bucket_count; i++) {
		while (h->buckets[i]) {
			struct hardlink *l = h->buckets[i];

			h->buckets[i] = l->next;
			dirpair_unref(l->dir);
			free(l->name);
			free(l);
		}
	}
	pthread_cond_destroy(&h->ended);
	pthread_mutex_destroy(&h->lock);
	free(h->buckets);
	free(h);
}

static struct hardlink **bucket_of(struct hardlink **buckets, size_t count, dev_t dev, ino_t ino)
{
	uint64_t mixed = ((uint64_t)ino ^ (uint64_t)dev << 40) * 0x9e3779b97f4a7c15u;

	return &buckets[mixed >> 32 & (count - 1)];
}

/* Without memory it stays as it is, and only gets slower. */
static void grow_locked(struct hardlinks *h)
{
	size_t count = h->bucket_count * 2;
	struct hardlink **buckets = calloc(count, sizeof(struct hardlink *));

	if (!buckets)
		return;
	for (size_t i = 0; i < h->bucket_count; i++) {
		struct hardlink *l = h->buckets[i], *next;

		for (; l; l = next) {
			struct hardlink **b = bucket_of(buckets, count, l->dev, l->ino);

			next = l->next;
			l->next = *b;
			*b = l;
		}
	}
	free(h->buckets);
	h->buckets = buckets;
	h->bucket_count = count;
}

static struct hardlink *find_locked(struct hardlinks *h, dev_t dev, ino_t ino)
{
	struct hardlink *l = *bucket_of(h->buckets, h->bucket_count, dev, ino);

	while (l && (l->ino != ino || l->dev != dev))
		l = l->next;
	return l;
}

static struct hardlink *add_locked(struct hardlinks *h, dev_t dev, ino_t ino)
{
	struct hardlink *l = calloc(1, sizeof(*l)), **b;

	if (!l)
		return NULL;
	l->dev = dev;
	l->ino = ino;
	if (h->count++ >= h->bucket_count)
		grow_locked(h);
	b = bucket_of(h->buckets, h->bucket_count, dev, ino);
	l->next = *b;
	*b = l;
	return l;
}

int hardlink_begin(struct hardlinks *h, const struct stat *src_st, struct hardlink **ret_link,
		   bool *ret_made)
{
	struct hardlink *l;

	pthread_mutex_lock(&h->lock);
	l = find_locked(h, src_st->st_dev, src_st->st_ino);
	while (l && l->state == BEING_MADE)
		pthread_cond_wait(&h->ended, &h->lock);
	if (l && l->state == FAILED)
		l->state = BEING_MADE;
	else if (!l)
		l = add_locked(h, src_st->st_dev, src_st->st_ino);
	if (l) {
		*ret_link = l;
		*ret_made = l->state == MADE;
	}
	pthread_mutex_unlock(&h->lock);
	return l ? 0 : -ENOMEM;
}

void hardlink_end(struct hardlinks *h, struct hardlink *link, bool made, struct dirpair *d,
		  const char *name)
{
	char *copy = made ? strdup(name) : NULL;

	pthread_mutex_lock(&h->lock);
	if (copy) {
		link->dir = dirpair_ref(d);
		link->name = copy;
	}
	link->state = copy ? MADE : FAILED;
	pthread_cond_broadcast(&h->ended);
	pthread_mutex_unlock(&h->lock);
}

void hardlink_place(const struct hardlink *link, struct dirpair **ret_dir, const char **ret_name)
{
	*ret_dir = link->dir;
	*ret_name = link->name;
}
