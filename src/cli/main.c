/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lov: what `lfs` is for Lustre, for lovfs volumes. */
#include "cli/complain.h"
#include "cli/stdout_check.h"
#include "cli/verb.h"
#include "cli/verb_run.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

static int run(int argc, char **argv)
{
	const struct verb *verb;

	if (argc < 2)
		return complain_usage(NULL, "which verb?");
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		verb_list();
		return STATUS_OK;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		printf("lov (lovfs) %s\n", LOVFS_VERSION);
		return STATUS_OK;
	}
	if (argv[1][0] == '-')
		return complain_usage(NULL, "unknown option '%s'", argv[1]);
	verb = verb_find(argv[1]);
	if (!verb)
		return complain_usage(NULL, "there is no verb '%s'", argv[1]);
	return verb_run(verb, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	int status, err;

	/* What is printable, on a terminal. */
	setlocale(LC_CTYPE, "");
	status = run(argc, argv);
	err = stdout_check();

	if (!err)
		return status;
	complain(NULL, NULL, err);
	return status == STATUS_OK ? STATUS_FAILED : status;
}
