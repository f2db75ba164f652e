/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What lov can do: one struct verb for each verb, each in its own file verb_NAME.c. verb.c has the
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

#define VERB_GROUPS_MAX 8

struct verb {
	const char *name;     /* of a verb below another: both names, "mirror extend" */
	const char *alias;    /* another name that lfs knows it by; may be NULL */
	const char *summary;  /* a few words for the list of verbs */
	const char *synopsis; /* what follows the name, one line for each form */
	const char *about;    /* a paragraph for --help, lines below 80 columns */
	struct opt_group groups[VERB_GROUPS_MAX]; /* up to the first one without options */
	/* The verbs below it, NULL at the end; it does nothing by itself then, and what follows is
	 * not set. */
	const struct verb *const *below;

	/* The verb's struct of options: zeroed, made ready by `init`, filled from the command line,
	 * given to `run`, and to `release` whatever happened. Both may be NULL. */
	size_t options_size;
	void (*init)(void *options);
	void (*release)(void *options);
	/* NULL ends the operands. Returns an exit status. */
	int (*run)(const struct verb *verb, void *options, char **operands);
};

extern const struct verb verb_setstripe, verb_getstripe, verb_migrate, verb_mirror, verb_df,
	verb_fid, verb_stats, verb_cp, verb_help;

/* The verb of that name or alias; NULL when there is none. */
const struct verb *verb_find(const char *name);

/* The same of the verbs below `verb`: "extend". */
const struct verb *verb_find_below(const struct verb *verb, const char *name);

/* The list of verbs: `lov --help`. */
void verb_list(void);

#endif
