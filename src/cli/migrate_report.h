/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `lov migrate` says of one file when it is done: -v, --json. */
#ifndef LOVFS_CLI_MIGRATE_REPORT_H
#define LOVFS_CLI_MIGRATE_REPORT_H

#include "mover/migrate.h"

#include <jansson.h>
#include <stdbool.h>

struct migrate_report {
	bool verbose;
	json_t *list; /* owned; NULL: no JSON, text */
};

/* why is the text of err. */
void migrate_report_end(struct migrate_report *r, const char *path, int err, const char *why,
			const struct migrate_result *result);

#endif
