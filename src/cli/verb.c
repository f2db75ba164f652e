/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/verb.h"

#include <stdio.h>
#include <string.h>

static const struct verb *const verbs[] = {
	&verb_setstripe, &verb_getstripe, &verb_migrate, &verb_mirror, &verb_df,
	&verb_fid,       &verb_stats,     &verb_cp,      &verb_help,   NULL,
};

static const struct verb *find(const struct verb *const *list, const char *name, size_t skip)
{
	for (; *list; list++) {
		if (strcmp((*list)->name + skip, name) == 0 ||
		    ((*list)->alias && strcmp((*list)->alias, name) == 0))
			return *list;
	}
	return NULL;
}

const struct verb *verb_find(const char *name)
{
	return find(verbs, name, 0);
}

const struct verb *verb_find_below(const struct verb *verb, const char *name)
{
	return verb->below ? find(verb->below, name, strlen(verb->name) + 1) : NULL;
}

void verb_list(void)
{
	printf("usage: lov VERB [OPTION...] ...\n\nLayouts of files on a lovfs volume, with the "
	       "verbs and options of lfs(1).\n\n");
	for (const struct verb *const *v = verbs; *v; v++)
		printf("  %-12s %s\n", (*v)->name, (*v)->summary);
	printf("\n'lov VERB --help' says more. lov --version prints the version.\n");
}
