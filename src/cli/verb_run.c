/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/verb_run.h"

#include "cli/complain.h"
#include "cli/opt_parse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int run_below(const struct verb *verb, int argc, char **argv)
{
	const struct verb *below;

	if (argc < 2)
		return complain_usage(verb, "which verb of %s?", verb->name);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		opt_parse_help(verb);
		return STATUS_OK;
	}
	if (argv[1][0] == '-')
		return complain_usage(verb, "unknown option '%s'", argv[1]);
	below = verb_find_below(verb, argv[1]);
	if (!below)
		return complain_usage(verb, "there is no verb '%s %s'", verb->name, argv[1]);
	return verb_run(below, argc - 1, argv + 1);
}

static int run_with(const struct verb *verb, int argc, char **argv, void *options)
{
	int first;

	switch (opt_parse(verb, argc, argv, options, &first)) {
	case OPT_DONE:
		return STATUS_OK;
	case OPT_BAD:
		return STATUS_USAGE;
	case OPT_GO_ON:
		break;
	}
	return verb->run(verb, options, argv + first);
}

int verb_run(const struct verb *verb, int argc, char **argv)
{
	CLEANUP_FREE void *options = NULL;
	int status;

	if (verb->below)
		return run_below(verb, argc, argv);
	options = calloc(1, verb->options_size + 1);
	if (!options) {
		complain(verb, NULL, -ENOMEM);
		return STATUS_FAILED;
	}
	if (verb->init)
		verb->init(options);
	status = run_with(verb, argc, argv, options);
	if (verb->release)
		verb->release(options);
	return status;
}
