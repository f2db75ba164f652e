/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/pieces.h"

#include "base/checked.h"
#include "base/clock.h"
#include "base/error.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define TICK_NS (100 * NS_PER_MS) /* between two calls of progress(), and of may_go_on() */

struct pieces {
	const struct pieces_request *req;
	_Atomic uint64_t done_bytes;
	atomic_bool failed; /* the pieces under way are of no use any more */

	pthread_mutex_t lock;
	pthread_cond_t wake;  /* the threads: spread or finished */
	pthread_cond_t ended; /* the caller: no thread is left */
	/* guarded by lock: */
	unsigned int range; /* the next piece is of this one */
	uint64_t next;      /* and begins there */
	bool spread;        /* all threads take part */
	bool finished;      /* nothing is left to take, or err */
	unsigned int alive;
	int err; /* the first */
	char text[ERROR_TEXT_MAX];
};

struct worker {
	struct pieces *p;
	unsigned int number;
	pthread_t id;
};

/* ---- the shared work ---- */

static void finish_locked(struct pieces *p, int err)
{
	if (err && !p->err) {
		p->err = err;
		snprintf(p->text, sizeof(p->text), "%s", error_text(err));
		atomic_store(&p->failed, true);
	}
	p->finished = true;
	pthread_cond_broadcast(&p->wake);
}

static void finish(struct pieces *p, int err)
{
	pthread_mutex_lock(&p->lock);
	finish_locked(p, err);
	pthread_mutex_unlock(&p->lock);
}

bool pieces_stopped(const struct pieces *p)
{
	return atomic_load(&p->failed) || (p->req->stop && atomic_load(p->req->stop));
}

void pieces_add_done(struct pieces *p, uint64_t bytes)
{
	atomic_fetch_add(&p->done_bytes, bytes);
}

static bool more_locked(struct pieces *p)
{
	const struct pieces_request *req = p->req;

	while (p->range < req->range_count && p->next >= req->ranges[p->range].end) {
		p->range++;
		p->next = p->range < req->range_count ? req->ranges[p->range].start : 0;
	}
	return p->range < req->range_count;
}

/* What several targets need is still in memory when the second one gets it. */
static uint64_t piece_max(const struct pieces *p, uint32_t targets)
{
	bool several = targets & (targets - 1);

	return p->spread || several ? p->req->piece_bytes : p->req->alone_bytes;
}

/* False: there is nothing left to do. */
static bool take_piece(struct pieces *p, struct piece *ret)
{
	bool got = false;

	pthread_mutex_lock(&p->lock);
	if (!p->finished && !more_locked(p))
		finish_locked(p, 0);
	if (!p->finished) {
		const struct piece_range *r = &p->req->ranges[p->range];

		ret->start = p->next;
		ret->targets = r->targets;
		ret->end = MIN_OF(r->end, add_sat_u64(p->next, piece_max(p, r->targets)));
		p->next = ret->end;
		got = true;
	}
	pthread_mutex_unlock(&p->lock);
	return got;
}

/* A thread that goes on to the next range takes some of it at once. So where nothing after the piece is
 * taken, p->range is the range of the piece. */
void pieces_extend(struct pieces *p, struct piece *piece, uint64_t to)
{
	const struct pieces_request *req = p->req;

	pthread_mutex_lock(&p->lock);
	if (p->range < req->range_count && p->next == piece->end) {
		const struct piece_range *r = &req->ranges[p->range];

		to = MIN_OF(to, r->end);
		if (to > piece->end)
			p->next = piece->end = to;
	}
	pthread_mutex_unlock(&p->lock);
}

void pieces_spread(struct pieces *p, struct piece *piece, uint64_t offset)
{
	pthread_mutex_lock(&p->lock);
	if (!p->spread) {
		p->spread = true;
		if (piece->end - offset > p->req->piece_bytes)
			p->next = piece->end = offset + p->req->piece_bytes;
		pthread_cond_broadcast(&p->wake);
	}
	pthread_mutex_unlock(&p->lock);
}

/* ---- threads ---- */

static void *work(void *cookie)
{
	const struct worker *w = cookie;
	struct pieces *p = w->p;
	struct piece piece = { .thread = w->number };

	while (take_piece(p, &piece)) {
		int err = p->req->work(p, &piece, p->req->cookie);

		if (err)
			finish(p, err);
	}
	pthread_mutex_lock(&p->lock);
	if (--p->alive == 0)
		pthread_cond_signal(&p->ended);
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* All but the first thread begin when the work is spread. */
static void *work_when_spread(void *cookie)
{
	struct pieces *p = ((const struct worker *)cookie)->p;

	pthread_mutex_lock(&p->lock);
	while (!p->spread && !p->finished)
		pthread_cond_wait(&p->wake, &p->lock);
	pthread_mutex_unlock(&p->lock);
	return work(cookie);
}

/* No more than there are pieces for. */
static unsigned int threads_for(const struct pieces_request *req)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < req->range_count; i++)
		sum += req->ranges[i].end - req->ranges[i].start;
	return (unsigned int)MIN_OF((uint64_t)req->threads, sum / req->piece_bytes + 1);
}

/* Starts as many threads as can be started; one is enough. */
static int start(struct pieces *p, struct worker *workers, unsigned int *ret_count)
{
	unsigned int wanted = threads_for(p->req), n = 0;
	int err = 0;

	while (n < wanted) {
		workers[n] = (struct worker){ .p = p, .number = n };
		pthread_mutex_lock(&p->lock);
		p->alive++;
		pthread_mutex_unlock(&p->lock);
		err = pthread_create(&workers[n].id, NULL, n ? work_when_spread : work,
				     &workers[n]);
		if (err) {
			pthread_mutex_lock(&p->lock);
			p->alive--;
			pthread_mutex_unlock(&p->lock);
			break;
		}
		n++;
	}
	*ret_count = n;
	return n ? 0 : fail_sys(-err, "cannot start a thread");
}

static void report(struct pieces *p)
{
	if (p->req->progress)
		p->req->progress(atomic_load(&p->done_bytes), p->req->cookie);
}

/* Here and not by the threads: however many they are it is asked as often, and none of them waits for it. */
static void ask(struct pieces *p)
{
	int err = 0;

	if (p->req->may_go_on && !pieces_stopped(p))
		err = p->req->may_go_on(p->req->cookie);
	if (err)
		finish(p, err);
}

static void watch(struct pieces *p)
{
	pthread_mutex_lock(&p->lock);
	while (p->alive) {
		uint64_t due = clock_now_ns() + TICK_NS;
		struct timespec until = { .tv_sec = (time_t)(due / NS_PER_S),
					  .tv_nsec = (long)(due % NS_PER_S) };

		if (pthread_cond_timedwait(&p->ended, &p->lock, &until) == ETIMEDOUT) {
			pthread_mutex_unlock(&p->lock);
			ask(p);
			report(p);
			pthread_mutex_lock(&p->lock);
		}
	}
	pthread_mutex_unlock(&p->lock);
}

static void init(struct pieces *p, const struct pieces_request *req)
{
	pthread_condattr_t monotonic;

	memset(p, 0, sizeof(*p));
	p->req = req;
	p->next = req->range_count ? req->ranges[0].start : 0;
	p->spread = req->alone_bytes == 0;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->wake, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&p->ended, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

static void release(struct pieces *p)
{
	pthread_cond_destroy(&p->ended);
	pthread_cond_destroy(&p->wake);
	pthread_mutex_destroy(&p->lock);
}

int pieces_run(const struct pieces_request *req)
{
	struct worker workers[PIECES_THREADS_MAX];
	unsigned int count = 0;
	struct pieces p;
	int err;

	init(&p, req);
	err = start(&p, workers, &count);
	if (!err) {
		watch(&p);
		for (unsigned int i = 0; i < count; i++)
			pthread_join(workers[i].id, NULL);
		report(&p);
		err = p.err ? fail(p.err, "%s", p.text) : 0;
	}
	release(&p);
	return err;
}
