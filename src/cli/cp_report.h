/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `lov cp` says: complaints, the lines of -v, --json. */
#ifndef LOVFS_CLI_CP_REPORT_H
#define LOVFS_CLI_CP_REPORT_H

#include "cli/copy_data.h"
#include "cli/cp_args.h"
#include "cli/verb.h"

#include <jansson.h>
#include <pthread.h>

struct cp_report {
	const struct verb *verb;
	bool verbose, verify, events;
	pthread_mutex_t lock; /* one thread speaks */
	json_t *list;         /* owned; guarded by lock; NULL: no JSON */
};

void cp_report_init(struct cp_report *r, const struct verb *verb, const struct cp_args *args);

/* tree_options' done(), without the cookie. Any thread. Frees what copy_data_run() left. */
void cp_report_name(struct cp_report *r, const struct tree_name *name);

/* An operand that cannot even be begun with; err has its text. */
void cp_report_operand(struct cp_report *r, const char *path, int err);

/* The end: what was chosen, and the JSON. 0 or a negative errno that was said. */
int MUST_CHECK cp_report_end(struct cp_report *r, struct copy_data *data);

#endif
