/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copies one regular file. */
#ifndef LOVFS_TREE_REGULAR_H
#define LOVFS_TREE_REGULAR_H

#include "base/attr.h"

#include <stdbool.h>

struct batch_entry;
struct dirpair;
struct tree;

/* d is in use. False: the name is no regular file, and nothing was done. Any thread. */
bool MUST_CHECK regular_copy(struct tree *t, struct dirpair *d, const struct batch_entry *e);

#endif
