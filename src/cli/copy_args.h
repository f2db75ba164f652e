/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of verbs that copy much: how fast, with how many threads, and what is said meanwhile. */
#ifndef LOVFS_CLI_COPY_ARGS_H
#define LOVFS_CLI_COPY_ARGS_H

#include "cli/copy_watch.h"
#include "cli/opt.h"

#define COPY_ARGS_DEFAULT_JOBS 16

struct copy_args {
	bool stats, events, verbose;
	uint64_t bandwidth; /* bytes a second; 0: no limit */
	uint32_t threads;   /* 0: not said */
	uint32_t retries;
	uint32_t jobs;       /* files at once; 0: not said */
	uint32_t interval_s; /* 0: not said */
};

/* Their groups' struct is a struct copy_args. jobs: for verbs that do several files at once. */
extern const struct opt copy_args_opts[], copy_args_jobs_opts[], copy_args_retry_opts[],
	copy_args_stats_opts[];

void copy_args_init(struct copy_args *a);

/* What a watch needs to know of them. The caller sets verb, several and look_ahead. */
struct copy_watch_options copy_args_watch(const struct copy_args *a);

/* Whether results are printed as text: with --events standard output is JSON alone. */
bool copy_args_verbose(const struct copy_args *a);

/*
 * Before anything is copied. Closes the files that this process inherited (pipes stay): one could be
 * of a file that is to be locked, and closing it at the end would wait for a writer that the lock holds
 * back. And a reader of the output that goes away must not leave a file half way: SIGPIPE is ignored.
 */
void copy_args_prepare_process(void);

#endif
