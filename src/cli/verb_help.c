/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/complain.h"
#include "cli/opt_parse.h"
#include "cli/verb.h"

static int run_help(const struct verb *verb, int argc, char **argv)
{
	const struct verb *wanted;
	int first;

	switch (opt_parse(verb, argc, argv, NULL, &first)) {
	case OPT_DONE:
		return STATUS_OK;
	case OPT_BAD:
		return STATUS_USAGE;
	case OPT_GO_ON:
		break;
	}
	if (first == argc) {
		verb_list();
		return STATUS_OK;
	}
	wanted = verb_find(argv[first]);
	if (!wanted)
		return complain_usage(verb, "there is no verb '%s'", argv[first]);
	opt_parse_help(wanted);
	return STATUS_OK;
}

const struct verb verb_help = {
	.name = "help",
	.summary = "list the verbs, or explain one",
	.synopsis = "[VERB]",
	.about = "Lists the verbs, or prints the --help of one.",
	.run = run_help,
};
