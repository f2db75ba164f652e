/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds what is below a directory, makes the directories of the copy, and hands out the other names
 * in batches. Never follows a symbolic link.
 */
#ifndef LOVFS_TREE_WALK_H
#define LOVFS_TREE_WALK_H

struct tree;

/* src_path is a directory, given by the caller; it becomes dst_name in the root. The thread that adds
 * batches. */
void walk_directory(struct tree *t, const char *src_path, const char *dst_name);

#endif
