/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of this folder share: one run of copies. See tree.h. */
#ifndef LOVFS_TREE_TREE_IMPL_H
#define LOVFS_TREE_TREE_IMPL_H

#include "tree/batches.h"
#include "tree/dirpair.h"
#include "tree/hardlinks.h"
#include "tree/tree.h"

struct tree {
	struct tree_options options; /* constant */
	struct dirpair *root;        /* owned: its names are paths of the caller's */
	struct hardlinks *links;     /* owned */
	struct batches *queue;       /* owned */
	struct pool *pool;           /* owned */
	_Atomic uint64_t made, failed;
};

static inline bool tree_stopped(const struct tree *t)
{
	return t->options.stop && atomic_load(t->options.stop);
}

#endif
