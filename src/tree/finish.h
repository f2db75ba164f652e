/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of a directory: its attributes, when nothing will be made in it any more. */
#ifndef LOVFS_TREE_FINISH_H
#define LOVFS_TREE_FINISH_H

struct dirpair;
struct tree;

/* One more thing is going on in d. */
void finish_expect(struct dirpair *d);

/* One of those that finish_expect() or dirpair_new() counted is over. The last one finishes d, and
 * releases the reference of dirpair_new(); and so on upwards. The root is never finished. */
void finish_drop(struct tree *t, struct dirpair *d);

#endif
