/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tree/batches.h"

#include <errno.h>
#include <pthread.h>

struct batches {
	pthread_mutex_t lock;
	pthread_cond_t work; /* the threads: a batch, or the end */
	pthread_cond_t room; /* who adds: there is room, or all is done */
	/* guarded by lock: */
	struct batch *waiting, **waiting_end; /* owned: nobody has begun; oldest first */
	struct batch *begun;                  /* borrowed: may have entries left */
	unsigned int waiting_count, room_count;
	unsigned int undone; /* added, and not yet batches_done() */
	bool ending;
};

struct batch *batch_new(struct dirpair *dir, void *buffer, unsigned int cap)
{
	struct batch *b = calloc(1, sizeof(*b) + cap * sizeof(b->entries[0]));

	if (!b) {
		free(buffer);
		return NULL;
	}
	b->dir = dir;
	b->buffer = buffer;
	return b;
}

void batch_free(struct batch *b)
{
	if (!b)
		return;
	free(b->buffer);
	free(b);
}

const struct batch_entry *batch_take(struct batch *b)
{
	unsigned int i;

	/* Not counted beyond the end, however many come. */
	if (atomic_load(&b->taken) >= b->count)
		return NULL;
	i = atomic_fetch_add(&b->taken, 1);
	return i < b->count ? &b->entries[i] : NULL;
}

int batches_new(unsigned int room, struct batches **ret_queue)
{
	struct batches *q = calloc(1, sizeof(*q));

	if (!q)
		return -ENOMEM;
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->work, NULL);
	pthread_cond_init(&q->room, NULL);
	q->waiting_end = &q->waiting;
	q->room_count = room;
	*ret_queue = q;
	return 0;
}

void batches_free(struct batches *q)
{
	if (!q)
		return;
	pthread_cond_destroy(&q->room);
	pthread_cond_destroy(&q->work);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

void batches_add(struct batches *q, struct batch *b)
{
	pthread_mutex_lock(&q->lock);
	while (q->waiting_count >= q->room_count)
		pthread_cond_wait(&q->room, &q->lock);
	*q->waiting_end = b;
	q->waiting_end = &b->next;
	q->waiting_count++;
	q->undone++;
	/* Whoever is idle can help with it, if it is a large one. */
	if (b->count > 1)
		pthread_cond_broadcast(&q->work);
	else
		pthread_cond_signal(&q->work);
	pthread_mutex_unlock(&q->lock);
}

static struct batch *first_waiting_locked(struct batches *q)
{
	struct batch *b = q->waiting;

	if (!b)
		return NULL;
	q->waiting = b->next;
	if (!q->waiting)
		q->waiting_end = &q->waiting;
	if (q->waiting_count-- == q->room_count)
		pthread_cond_signal(&q->room);
	b->next = q->begun;
	q->begun = b;
	return b;
}

/* The one with the fewest threads, of those that have something left. */
static struct batch *poorest_begun_locked(const struct batches *q)
{
	struct batch *found = NULL;

	for (struct batch *b = q->begun; b; b = b->next) {
		if (atomic_load(&b->taken) < b->count && (!found || b->workers < found->workers))
			found = b;
	}
	return found;
}

struct batch *batches_get(struct batches *q)
{
	struct batch *b;

	pthread_mutex_lock(&q->lock);
	for (;;) {
		b = first_waiting_locked(q);
		if (!b)
			b = poorest_begun_locked(q);
		if (b || q->ending)
			break;
		pthread_cond_wait(&q->work, &q->lock);
	}
	if (b)
		b->workers++;
	pthread_mutex_unlock(&q->lock);
	return b;
}

bool batches_leave(struct batches *q, struct batch *b)
{
	bool last;

	pthread_mutex_lock(&q->lock);
	last = --b->workers == 0;
	if (last) {
		struct batch **at = &q->begun;

		while (*at != b)
			at = &(*at)->next;
		*at = b->next;
	}
	pthread_mutex_unlock(&q->lock);
	return last;
}

void batches_done(struct batches *q)
{
	pthread_mutex_lock(&q->lock);
	if (--q->undone == 0)
		pthread_cond_signal(&q->room);
	pthread_mutex_unlock(&q->lock);
}

void batches_wait_idle(struct batches *q)
{
	pthread_mutex_lock(&q->lock);
	while (q->undone)
		pthread_cond_wait(&q->room, &q->lock);
	pthread_mutex_unlock(&q->lock);
}

void batches_end(struct batches *q)
{
	pthread_mutex_lock(&q->lock);
	q->ending = true;
	pthread_cond_broadcast(&q->work);
	pthread_mutex_unlock(&q->lock);
}
