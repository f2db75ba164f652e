/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Threads that work off jobs in the order in which they were given. Giving one waits while many are
 * waiting already, so that whoever finds work (a walk through a tree, a list of names) never runs far
 * ahead of those who do it. Signals are blocked in the threads: they are for whoever expects them.
 */
#ifndef LOVFS_BASE_POOL_H
#define LOVFS_BASE_POOL_H

#include "base/attr.h"

#define POOL_THREADS_MAX 256

struct pool;

/* threads: 1 to POOL_THREADS_MAX; fewer where no more can be made. -ENOMEM, -EAGAIN not one. */
int MUST_CHECK pool_new(unsigned int threads, struct pool **ret_pool);

/* Hands over one job: run(job) is called by some thread, once. The caller may wait. One thread adds. */
void pool_add(struct pool *p, void (*run)(void *job), void *job);

/* Waits until every job that was added has been run. */
void pool_wait(struct pool *p);

/* Waits as well, and ends the threads. NULL is fine. */
void pool_free(struct pool *p);

#endif
