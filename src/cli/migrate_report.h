/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `lov migrate` says of one file: the progress line, --stats, -v, --json. */
#ifndef LOVFS_CLI_MIGRATE_REPORT_H
#define LOVFS_CLI_MIGRATE_REPORT_H

#include "cli/progress_line.h"
#include "mover/migrate.h"

#include <jansson.h>
#include <stdbool.h>

struct migrate_report {
	bool verbose, stats;
	uint64_t stats_every_ns;
	json_t *list; /* owned; NULL: no JSON, text */

	/* of the file under way */
	struct progress_line line;
	uint64_t begin_ns, stats_ns;
	uint64_t last_done, last_total;
};

void migrate_report_begin(struct migrate_report *r, const char *path);

/* For migrate_options.progress; the cookie is the report. */
void migrate_report_progress(uint64_t done_bytes, uint64_t total_bytes, void *cookie);

/* The end of it. why is the text of err. */
void migrate_report_end(struct migrate_report *r, const char *path, int err, const char *why,
			const struct migrate_result *result);

#endif
