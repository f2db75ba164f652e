/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/file_jobs.h"

#include "base/pool.h"
#include "cli/complain.h"
#include "cli/seen.h"
#include "cli/tally.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct run {
	const struct file_jobs *jobs;
	pthread_mutex_t lock;
	struct tally tally; /* guarded by lock */
	struct seen seen;
};

struct file_job {
	struct run *run;
	uint64_t position;
	char path[];
};

static void count(struct run *run, const char *path, int err)
{
	const struct file_jobs *jobs = run->jobs;

	if (err)
		complain(jobs->verb, path, err);
	pthread_mutex_lock(&run->lock);
	run->tally.good += !err;
	run->tally.bad += err != 0;
	pthread_mutex_unlock(&run->lock);
	if (err && jobs->errors && path != jobs->names_path)
		error_list_add(jobs->errors, path);
}

static void run_one(struct run *run, const char *path, uint64_t position)
{
	const struct file_jobs *jobs = run->jobs;

	if (atomic_load(jobs->stop)) {
		if (jobs->errors)
			error_list_add(jobs->errors, path);
	} else if (!seen_before(&run->seen, path, false)) {
		count(run, path, jobs->one(jobs->cookie, path, position));
	} else if (jobs->verbose) {
		seen_print(path);
	}
}

static void run_job(void *arg)
{
	struct file_job *job = arg;

	run_one(job->run, job->path, job->position);
	free(job);
}

static void add(struct pool *pool, struct run *run, const char *path, uint64_t position)
{
	size_t size = strlen(path) + 1;
	struct file_job *job = pool ? malloc(sizeof(*job) + size) : NULL;

	if (!job) {
		run_one(run, path, position);
		return;
	}
	job->run = run;
	job->position = position;
	memcpy(job->path, path, size);
	pool_add(pool, run_job, job);
}

/* When it has been stopped: names that nobody has to wait for. */
static void add_unreached(struct run *run, struct path_list *paths)
{
	const char *path;

	paths->stop = NULL;
	while (run->jobs->errors && path_list_at_hand(paths) && path_list_next(paths, &path) > 0)
		error_list_add(run->jobs->errors, path);
}

static void run_all(struct pool *pool, struct run *run, struct path_list *paths)
{
	const char *path;
	uint64_t position = 0;
	int more = 1;

	paths->stop = run->jobs->stop;
	while (!atomic_load(run->jobs->stop)) {
		more = path_list_next(paths, &path);
		if (more <= 0)
			break;
		add(pool, run, path, position++);
	}
	if (more < 0 && more != -ECANCELED)
		count(run, run->jobs->names_path, more);
	else if (more)
		add_unreached(run, paths);
	if (pool)
		pool_wait(pool);
}

int file_jobs_run(const struct file_jobs *jobs, struct path_list *paths)
{
	struct run run = { .jobs = jobs };
	struct pool *pool = NULL;

	pthread_mutex_init(&run.lock, NULL);
	seen_init(&run.seen);
	if (jobs->jobs > 1 && pool_new(jobs->jobs, &pool))
		pool = NULL;
	run_all(pool, &run, paths);
	pool_free(pool);
	seen_release(&run.seen);
	pthread_mutex_destroy(&run.lock);
	return tally_status(&run.tally);
}
