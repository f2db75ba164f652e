/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells a copy_watch how many files a command has and how large they are, ahead of the copying. */
#ifndef LOVFS_CLI_LOOK_AHEAD_H
#define LOVFS_CLI_LOOK_AHEAD_H

#include "cli/copy_watch.h"

struct look_ahead {
	char **operands;        /* borrowed; NULL at the end */
	const char *names_path; /* --files-from; may be NULL */
	bool nul;
};

/* For copy_watch_options.look_ahead; the cookie is a struct look_ahead. Names that come through a pipe
 * can be read once only, so the totals stay unknown then. */
void look_ahead_run(struct copy_watch *w, void *cookie);

#endif
