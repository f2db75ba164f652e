/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells a copy_watch how many files are in trees, and how large they are, ahead of the copying. */
#ifndef LOVFS_CLI_COUNT_TREES_H
#define LOVFS_CLI_COUNT_TREES_H

#include "cli/copy_watch.h"

struct count_trees {
	char **operands;      /* borrowed; NULL at the end */
	unsigned int count;   /* of operands */
	bool recursive;       /* otherwise directories are nothing */
	bool one_file_system; /* what is mounted below is nothing */
};

/* For copy_watch_options.look_ahead; the cookie is a struct count_trees. What can't be read is said by
 * whoever copies it. */
void count_trees_run(struct copy_watch *w, void *cookie);

#endif
