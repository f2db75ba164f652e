/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a verb does with each of many files, several at once: an error in one is said and the others go
 * on. */
#ifndef LOVFS_CLI_FILE_JOBS_H
#define LOVFS_CLI_FILE_JOBS_H

#include "cli/error_list.h"
#include "cli/path_list.h"
#include "cli/verb.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct file_jobs {
	const struct verb *verb;
	const char *names_path;  /* --files-from, for messages; may be NULL */
	unsigned int jobs;       /* at once; 1: in the caller's thread */
	const atomic_bool *stop; /* files that aren't begun when it becomes true never are */
	bool verbose;            /* names that are passed over are told */
	struct error_list
		*errors; /* gets the names of those that failed or weren't begun; may be NULL */
	/*
	 * One file; of several names of one only the first, and the others count as neither good nor bad. 0, or a negative errno with text, which is said and counted. Called by several
	 * threads; position counts the files from 0 on. Of a thread that isn't the caller's, signals
	 * are blocked.
	 */
	int (*one)(void *cookie, const char *path, uint64_t position);
	void *cookie;
};

/* Returns the exit status when all are done; fewer threads, or none, where they can't be had. */
int file_jobs_run(const struct file_jobs *jobs, struct path_list *paths);

#endif
