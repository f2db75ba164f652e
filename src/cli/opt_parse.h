/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parser and the --help that a verb's tables of options make. --help is known to every verb. */
#ifndef LOVFS_CLI_OPT_PARSE_H
#define LOVFS_CLI_OPT_PARSE_H

#include "cli/verb.h"

enum opt_outcome { OPT_GO_ON, OPT_DONE /* --help was printed */, OPT_BAD /* said why */ };

/*
 * Takes the options out of argv (argv[0] is the verb) in their order, which may stand between
 * operands; "--" ends them. Then *ret_operand is the index of the first operand in the reordered
 * argv.
 */
enum opt_outcome MUST_CHECK opt_parse(const struct verb *verb, int argc, char **argv, void *options,
				      int *ret_operand);

/* Prints the verb's --help to standard output. */
void opt_parse_help(const struct verb *verb);

#endif
