/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --json: one array on standard output, an element for each operand, complete whatever happened. */
#ifndef LOVFS_CLI_JSON_OUT_H
#define LOVFS_CLI_JSON_OUT_H

#include <jansson.h>

/* Prints the value and a newline, and drops the reference. NULL: there was no memory for it; says
 * so, returns -ENOMEM. */
int json_out(json_t *value);

#endif
