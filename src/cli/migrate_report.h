/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `lov migrate` says of files when they are done: -v, --json, and the event "end". Any thread. */
#ifndef LOVFS_CLI_MIGRATE_REPORT_H
#define LOVFS_CLI_MIGRATE_REPORT_H

#include "mover/migrate.h"

#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct migrate_report {
	bool verbose, json; /* constant */
	pthread_mutex_t lock;
	/* guarded by lock: */
	json_t **results; /* owned: by the files' positions; NULL: not there */
	size_t count;
};

void migrate_report_init(struct migrate_report *r, bool verbose, bool json);
void migrate_report_release(struct migrate_report *r);

/* All that is known of one file; why is the text of err. */
json_t *migrate_report_object(const char *path, int err, const char *why,
			      const struct migrate_result *result);

/* A file, the position-th of the command, is done. */
void migrate_report_end(struct migrate_report *r, uint64_t position, const char *path, int err,
			const char *why, const struct migrate_result *result);

/* --json: the results in the order of the files. The caller's; NULL: no memory. */
json_t *migrate_report_array(struct migrate_report *r);

#endif
