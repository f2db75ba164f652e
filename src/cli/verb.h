/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What lov can do: one struct verb for each verb, each in its own file verb_NAME.c. main.c has the
 * table. */
#ifndef LOVFS_CLI_VERB_H
#define LOVFS_CLI_VERB_H

#include "cli/opt.h"

enum exit_status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_PARTLY = 3, /* of several files some failed */
};

#define VERB_GROUPS_MAX 4

struct verb {
	const char *name;
	const char *alias;    /* another name that lfs knows it by; may be NULL */
	const char *summary;  /* a few words for the list of verbs */
	const char *synopsis; /* what follows the name, one line for each form */
	const char *about;    /* a paragraph for --help, lines below 80 columns */
	struct opt_group groups[VERB_GROUPS_MAX]; /* up to the first one without options */
	/* argv[0] is the verb's name. Returns an exit status. */
	int (*run)(const struct verb *verb, int argc, char **argv);
};

extern const struct verb verb_setstripe, verb_getstripe, verb_migrate, verb_df, verb_fid,
	verb_stats, verb_help;

/* All verbs, NULL at the end. */
extern const struct verb *const verbs[];

/* The verb of that name or alias; NULL when there is none. */
const struct verb *verb_find(const char *name);

/* The list of verbs: `lov --help`. */
void verb_list(void);

#endif
