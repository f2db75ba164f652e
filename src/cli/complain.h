/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Error lines of lov, all of one form: "lov VERB: FILE: reason", on standard error, after what went
 * to standard output before. A progress line is taken away first. Any thread. */
#ifndef LOVFS_CLI_COMPLAIN_H
#define LOVFS_CLI_COMPLAIN_H

#include "base/attr.h"

struct verb;

/* For err, a negative errno whose text error_text() has. path may be NULL. */
void complain(const struct verb *verb, const char *path, int err);

/* The same with a text. */
void complain_text(const struct verb *verb, const char *path, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

/* A usage error: the text, and where help is. Returns STATUS_USAGE. verb may be NULL. */
int complain_usage(const struct verb *verb, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
