/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * double_selftest CASE [FILE...]: with the double in front of libc, shows that Lustre's kernel interface behaves as
 * observed. Ends with 0, or says which check failed.
 */
#include "selftest.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

/* ---- cases ---- */

static const struct {
	const char *name;
	void (*run)(char **args);
} cases[] = {
	{ "looks", case_looks },
	{ "direct", case_direct },
	{ "objects", case_objects },
	{ "group-lock", case_group_lock },
	{ "lease", case_lease },
	{ "versions", case_versions },
	{ "migrate", case_migrate },
	{ "migrate-live", case_migrate_live },
	{ "merge", case_merge },
	{ "split", case_split },
	{ "resync", case_resync },
	{ "resync-lost", case_resync_lost },
	{ "resync-parts", case_resync_parts },
	{ "binding", case_binding },
	{ "forbidden", case_forbidden },
	{ "copies", case_copies },
	{ "dup", case_dup },
	{ "calls", case_calls },
	{ "parameters", case_parameters },
};

int main(int argc, char **argv)
{
	const struct rlimit no_core = { 0, 0 };

	setrlimit(RLIMIT_CORE, &no_core);
	for (size_t i = 0; argc > 1 && i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (strcmp(cases[i].name, argv[1]) == 0) {
			cases[i].run(argv + 2);
			return 0;
		}
	}
	fprintf(stderr, "usage: double_selftest CASE [FILE...]\n");
	return 2;
}
