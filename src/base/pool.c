/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

/* Jobs that wait, for each thread: enough that none finds the queue empty while one is added. */
#define WAITING_PER_THREAD 4

struct job {
	void (*run)(void *job);
	void *arg;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t added; /* the threads: a job, or the end */
	pthread_cond_t taken; /* who adds or waits: there is room, or all is done */
	/* guarded by lock: */
	size_t head, waiting, running;
	bool ending;
	/* constant: */
	unsigned int thread_count;
	size_t room;
	struct job *jobs; /* owned: a ring of `room` */
	pthread_t threads[];
};

static void *work(void *arg)
{
	struct pool *p = arg;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		struct job job;

		while (!p->waiting && !p->ending)
			pthread_cond_wait(&p->added, &p->lock);
		if (!p->waiting)
			break;
		job = p->jobs[p->head];
		p->head = (p->head + 1) % p->room;
		p->waiting--;
		p->running++;
		pthread_cond_signal(&p->taken);
		pthread_mutex_unlock(&p->lock);
		job.run(job.arg);
		pthread_mutex_lock(&p->lock);
		p->running--;
		pthread_cond_signal(&p->taken);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static int start_threads(struct pool *p, unsigned int threads)
{
	sigset_t all, before;
	int err = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (p->thread_count < threads && !err) {
		err = pthread_create(&p->threads[p->thread_count], NULL, work, p);
		p->thread_count += !err;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return p->thread_count ? 0 : -err;
}

int pool_new(unsigned int threads, struct pool **ret_pool)
{
	struct pool *p = calloc(1, sizeof(*p) + threads * sizeof(p->threads[0]));
	int err;

	if (!p)
		return -ENOMEM;
	p->room = (size_t)threads * WAITING_PER_THREAD;
	p->jobs = calloc(p->room, sizeof(*p->jobs));
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->added, NULL);
	pthread_cond_init(&p->taken, NULL);
	err = p->jobs ? start_threads(p, threads) : -ENOMEM;
	if (err) {
		pool_free(p);
		return err;
	}
	*ret_pool = p;
	return 0;
}

void pool_add(struct pool *p, void (*run)(void *job), void *job)
{
	pthread_mutex_lock(&p->lock);
	while (p->waiting == p->room)
		pthread_cond_wait(&p->taken, &p->lock);
	p->jobs[(p->head + p->waiting) % p->room] = (struct job){ run, job };
	p->waiting++;
	pthread_cond_signal(&p->added);
	pthread_mutex_unlock(&p->lock);
}

void pool_wait(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	while (p->waiting || p->running)
		pthread_cond_wait(&p->taken, &p->lock);
	pthread_mutex_unlock(&p->lock);
}

void pool_free(struct pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->ending = true;
	pthread_cond_broadcast(&p->added);
	pthread_mutex_unlock(&p->lock);
	while (p->thread_count)
		pthread_join(p->threads[--p->thread_count], NULL);
	pthread_cond_destroy(&p->taken);
	pthread_cond_destroy(&p->added);
	pthread_mutex_destroy(&p->lock);
	free(p->jobs);
	free(p);
}
