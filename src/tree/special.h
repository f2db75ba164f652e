/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copies what has no data: symbolic links, FIFOs, sockets, devices. */
#ifndef LOVFS_TREE_SPECIAL_H
#define LOVFS_TREE_SPECIAL_H

struct batch_entry;
struct dirpair;
struct tree;

/* d is in use. Any thread. */
void special_copy(struct tree *t, struct dirpair *d, const struct batch_entry *e);

#endif
