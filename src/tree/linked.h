/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Further names of a file that has been copied become names of the copy. Any thread. */
#ifndef LOVFS_TREE_LINKED_H
#define LOVFS_TREE_LINKED_H

#include "tree/publish.h"

struct batch_entry;
struct hardlink;
struct tree;

struct linked {
	struct hardlink *link; /* NULL: the file has one name, or cannot be linked to */
	bool made;             /* the name is in the destination now */
};

/* May wait for another thread that is copying the file. On failure nothing was begun. */
int MUST_CHECK linked_begin(struct tree *t, struct dirpair *d, const struct batch_entry *e,
			    const struct stat *src_st, enum target target,
			    struct linked *ret_linked);

/* Whether name in d's destination is the copy, after linked_begin() didn't make it. */
void linked_end(struct tree *t, struct linked *linked, struct dirpair *d, const char *name,
		bool made);

#endif
