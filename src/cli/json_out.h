/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --json: one array on standard output, an element for each operand, complete whatever happened. */
#ifndef LOVFS_CLI_JSON_OUT_H
#define LOVFS_CLI_JSON_OUT_H

#include <jansson.h>

/* Prints the value and a newline, and drops the reference. NULL: there was no memory for it; says
 * so, returns -ENOMEM. */
int json_out(json_t *value);

/* A name or a text as a string. JSON is UTF-8: in what isn't, bytes that aren't ASCII become U+FFFD. */
json_t *json_out_name(const char *name);

#endif
