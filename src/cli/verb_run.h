/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the words of a command line to what a verb does. */
#ifndef LOVFS_CLI_VERB_RUN_H
#define LOVFS_CLI_VERB_RUN_H

#include "cli/verb.h"

/* Takes the options out of argv (argv[0] is the verb's name) and runs the verb, or the one below it
 * that argv[1] names. Returns an exit status. */
int verb_run(const struct verb *verb, int argc, char **argv);

#endif
