/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --json: one array on standard output, an element for each operand, complete whatever happened. */
#ifndef LOVFS_CLI_JSON_OUT_H
#define LOVFS_CLI_JSON_OUT_H

#include "base/strbuf.h"

#include <jansson.h>

/* Prints the value and a newline, and drops the reference. NULL: there was no memory for it; says
 * so, returns -ENOMEM. */
int json_out(json_t *value);

/*
 * JSON is UTF-8, and names need not be. A name or a text as a string: each byte that isn't of UTF-8 becomes U+FFFD.
 */
json_t *json_out_text(const char *text);

/*
 * Adds a name to the object. If it isn't UTF-8 there is "KEY_bytes" as well, with the exact name: a byte that isn't of
 * UTF-8 is \xff (two digits) in it, a backslash is \\. Without memory it is left out.
 */
void json_out_add_name(json_t *object, const char *key, const char *name);

/* The text of a value as it may be printed, also on a terminal. flags are those of json_dumps(). 0 or -ENOMEM. */
int json_out_format(struct strbuf *b, const json_t *value, size_t flags);

#endif
