/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the verbs of `lov mirror` that copy have in common: one file after the other, with progress,
 * --stats, -W, signals and an exit status that covers all. */
#ifndef LOVFS_CLI_MIRROR_JOB_H
#define LOVFS_CLI_MIRROR_JOB_H

#include "cli/copy_args.h"
#include "cli/copy_watch.h"
#include "cli/place.h"
#include "cli/tally.h"
#include "cli/verb.h"
#include "mover/mirror_verbs.h"

#include <stdbool.h>

struct mirror_job {
	const struct verb *verb;
	const void *args; /* the verb's options, borrowed */
	bool verbose;
	unsigned int retries;
	bool something_done; /* set by `one` where it failed in part only */
	bool partly_done;    /* and where trying again would do something twice */
	struct mirror_options options;
	struct copy_watch *watch;
	struct copy_watch_file file; /* under way: the cookie of options.progress */
	struct bandwidth limit;
	struct place_fs keeper;
	struct tally tally;
};

/*
 * Runs `one` for each path, up to a signal; for each file once, however many of its names are among them. It gets the file system of the path, and an options struct
 * in job->options that is ready for mover/mirror_verbs.h; 0, or a negative errno with text, which is said
 * and counted. Returns the exit status, or ends the program by the signal that stopped it.
 */
int mirror_job_run(const struct verb *verb, const struct copy_args *copy, const void *args,
		   char **paths,
		   int (*one)(struct mirror_job *job, struct fs *fs, const char *path));

/* For a verb that takes one file and one of its mirrors (-N; 0: not given): STATUS_OK, or what a usage
 * error gives, which is said. */
int mirror_job_check_one(const struct verb *verb, char **paths, uint32_t mirror_id);

/* -v of what brings mirrors up: "FILE: 1 mirror brought up: copied 64K of 1.0G in 1 pass, ...". */
void mirror_job_print_copied(const char *path, const struct mirror_result *r);

/* -v: "in 2 passes, 0.42 s, writers held back for at most 3 ms", with a newline. */
void mirror_job_print_how(const struct mirror_result *r);

#endif
