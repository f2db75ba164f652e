/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/complain.h"
#include "cli/opt_parse.h"
#include "cli/verb.h"

static int run_help(const struct verb *verb, void *options UNUSED, char **words)
{
	const struct verb *wanted, *below = NULL;

	if (!words[0]) {
		verb_list();
		return STATUS_OK;
	}
	wanted = verb_find(words[0]);
	if (!wanted)
		return complain_usage(verb, "there is no verb '%s'", words[0]);
	if (words[1])
		below = verb_find_below(wanted, words[1]);
	if (words[1] && !below)
		return complain_usage(verb, "there is no verb '%s %s'", words[0], words[1]);
	opt_parse_help(below ? below : wanted);
	return STATUS_OK;
}

const struct verb verb_help = {
	.name = "help",
	.summary = "list the verbs, or explain one",
	.synopsis = "[VERB...]",
	.about = "Lists the verbs, or prints the --help of one.",
	.run = run_help,
};
