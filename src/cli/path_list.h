/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files that a verb works on: its operands, then the names in a file (--files-from), one in a
 * line or each ended by NUL (-0). */
#ifndef LOVFS_CLI_PATH_LIST_H
#define LOVFS_CLI_PATH_LIST_H

#include "base/attr.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

struct path_list {
	char **operands; /* borrowed; NULL at the end */
	FILE *names;     /* owned unless it is stdin; NULL: no more */
	char *line;      /* owned; PATH_MAX bytes */
	int delimiter;
	const atomic_bool *stop; /* may be NULL; for the caller to set */
};

/* names_path may be NULL, or "-" for standard input. Errors with text. */
int MUST_CHECK path_list_open(struct path_list *l, char **operands, const char *names_path,
			      bool nul);

/*
 * 1 and the next path, valid until the next call; 0 at the end; negative when the names can't be read. Empty names are
 * passed over. What is no list of names, and may have no end, is an error soon: a name that no file can have
 * (-ENAMETOOLONG), a million empty ones (-EINVAL). -ECANCELED: *stop is true.
 */
int MUST_CHECK path_list_next(struct path_list *l, const char **ret_path);

/* Whether the next one comes without waiting for somebody to write it: an operand, or of a regular
 * file. */
bool path_list_at_hand(const struct path_list *l);

/* At least two: whether it pays to have threads for them. Names in a file count as many. */
bool path_list_many(const struct path_list *l);

void path_list_close(struct path_list *l);

#endif
