/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What became of one name: counted, and told to the caller. Any thread. */
#ifndef LOVFS_TREE_OUTCOME_H
#define LOVFS_TREE_OUTCOME_H

#include <stdbool.h>

struct dirpair;
struct tree;
struct tree_file;

/* err, which has its text, happened to src_name in d, or to d itself where the names are NULL. */
void outcome_error(struct tree *t, const struct dirpair *d, const char *src_name,
		   const char *dst_name, int err);

/* dst_name was made in d; not more than that. */
void outcome_made(struct tree *t, const struct dirpair *d, const char *src_name,
		  const char *dst_name);

/* The general case: made, an error, both, or nothing at all. file may be NULL. */
void outcome_tell(struct tree *t, const struct dirpair *d, const char *src_name,
		  const char *dst_name, struct tree_file *file, bool made, int err);

#endif
