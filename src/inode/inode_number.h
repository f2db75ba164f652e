/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inodes by the numbers that they are known by outside. Any thread may call.
 */
#ifndef LOVFS_INODE_INODE_NUMBER_H
#define LOVFS_INODE_INODE_NUMBER_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

struct inode;
struct volume;

/*
 * The number by which the inode is known outside, as long as anybody refers to it, and mostly for
 * good: INODE_NUMBER_ROOT, or that of the MDT inode. Where those can't be told from one another
 * when they are used again (numbers_known()), and for hidden inodes, it is one that was never
 * given before, also not by an earlier daemon, and has INODE_NUMBER_APART.
 */
uint64_t inode_number(const struct inode *inode);
/* Tells inodes apart that had the number one after the other; part of file handles. 0 for the root
 * and for numbers that are never used again. */
int MUST_CHECK inode_number_generation(struct inode *inode, uint32_t *ret_generation);

/*
 * The inode of a number that may not be in use, with a reference; also after a restart. -ESTALE:
 * there is none (any more), or it can't be found: see inode_number_lasts(). The caller must compare
 * the generation with the one that he was once told: it is what shows that he may know of the
 * inode.
 */
int MUST_CHECK inode_number_find(struct volume *vol, uint64_t number, struct inode **ret_inode);
/* The directory above a directory (the root's is the root), with a reference. -ESTALE; -ENOTDIR. */
int MUST_CHECK inode_number_find_parent(struct inode *inode, struct inode **ret_inode);
/* Whether inodes can be found by their numbers when they aren't in use. */
bool inode_number_lasts(const struct volume *vol);

#endif
