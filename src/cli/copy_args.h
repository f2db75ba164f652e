/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of verbs that copy much: how fast, with how many threads, and what is said meanwhile. */
#ifndef LOVFS_CLI_COPY_ARGS_H
#define LOVFS_CLI_COPY_ARGS_H

#include "cli/copy_watch.h"
#include "cli/opt.h"

struct copy_args {
	bool stats, verbose;
	uint64_t bandwidth; /* bytes a second; 0: no limit */
	uint32_t threads, interval_s;
};

/* Their groups' struct is a struct copy_args. */
extern const struct opt copy_args_opts[], copy_args_stats_opts[];

void copy_args_init(struct copy_args *a);

/* The part of it that a struct copy_watch keeps. */
struct copy_watch copy_args_watch(const struct copy_args *a);

/*
 * Before anything is copied. Closes the files that this process inherited (pipes stay): one could be
 * of a file that is to be locked, and closing it at the end would wait for a writer that the lock holds
 * back. And a reader of the output that goes away must not leave a file half way: SIGPIPE is ignored.
 */
void copy_args_prepare_process(void);

#endif
