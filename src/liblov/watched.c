/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "liblov/watched.h"

#include "base/clock.h"
#include "base/error.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

/* How often it is looked at whether the copier shall stop, at least. */
#define LOOK_NS (100 * NS_PER_MS)

struct watch {
	const struct watched *w;
	struct filecopy copy;
	struct filecopy_result *result;
	_Atomic uint64_t done_bytes;
	atomic_bool stop;    /* of this copy */
	uint64_t said_bytes; /* to progress(); the watching thread's own */

	pthread_mutex_t lock;
	pthread_cond_t ended;
	/* guarded by lock: */
	bool over;
	int err;
	char text[ERROR_TEXT_MAX];
};

static void *run(void *arg)
{
	struct watch *k = arg;
	int err = filecopy_run(k->w->ladder, &k->copy, k->result);

	pthread_mutex_lock(&k->lock);
	k->err = err;
	if (err)
		snprintf(k->text, sizeof(k->text), "%s", error_text(err));
	k->over = true;
	pthread_cond_signal(&k->ended);
	pthread_mutex_unlock(&k->lock);
	return NULL;
}

/* Never less than before: a part that will be copied once more is not counted meanwhile. */
static void say(struct watch *k)
{
	uint64_t done = MIN_OF(atomic_load(&k->done_bytes), k->w->total_bytes);

	k->said_bytes = MAX_OF(k->said_bytes, done);
	if (k->w->progress(k->said_bytes, k->w->total_bytes, k->w->cookie))
		atomic_store(&k->stop, true);
}

static struct timespec at_ns(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / NS_PER_S),
				  .tv_nsec = (long)(ns % NS_PER_S) };
}

static void watch(struct watch *k)
{
	uint64_t interval_ns = k->w->interval_ms * NS_PER_MS, due_ns = clock_now_ns() + interval_ns;

	pthread_mutex_lock(&k->lock);
	while (!k->over) {
		struct timespec until = at_ns(MIN_OF(due_ns, clock_now_ns() + LOOK_NS));

		if (pthread_cond_timedwait(&k->ended, &k->lock, &until) != ETIMEDOUT)
			continue;
		pthread_mutex_unlock(&k->lock);
		if (atomic_load(k->w->stop))
			atomic_store(&k->stop, true);
		if (clock_now_ns() >= due_ns) {
			say(k);
			due_ns = clock_now_ns() + interval_ns;
		}
		pthread_mutex_lock(&k->lock);
	}
	pthread_mutex_unlock(&k->lock);
}

static int start(struct watch *k, pthread_t *ret_thread)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(ret_thread, NULL, run, k);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

static void watch_init(struct watch *k)
{
	pthread_condattr_t monotonic;

	k->copy.done_bytes = &k->done_bytes;
	k->copy.stop = &k->stop;
	pthread_mutex_init(&k->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&k->ended, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

static void watch_release(struct watch *k)
{
	pthread_cond_destroy(&k->ended);
	pthread_mutex_destroy(&k->lock);
}

static int outcome(const struct watch *k)
{
	if (k->err == -ECANCELED)
		return fail(k->err, "stopped");
	return k->err ? fail(k->err, "%s", k->text) : 0;
}

int watched_run(const struct watched *w, const struct filecopy *c,
		struct filecopy_result *ret_result)
{
	struct watch k = { .w = w, .copy = *c, .result = ret_result };
	pthread_t thread;
	int err;

	watch_init(&k);
	if (start(&k, &thread)) {
		watch_release(&k);
		return watched_alone(w, c, ret_result);
	}
	watch(&k);
	pthread_join(thread, NULL);
	err = outcome(&k);
	if (!err)
		say(&k);
	watch_release(&k);
	return err;
}

int watched_alone(const struct watched *w, const struct filecopy *c,
		  struct filecopy_result *ret_result)
{
	int err = filecopy_run(w->ladder, c, ret_result);

	if (err == -ECANCELED)
		return fail(err, "stopped");
	if (!err && w->progress)
		(void)w->progress(w->total_bytes, w->total_bytes, w->cookie);
	return err;
}
