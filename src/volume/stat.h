/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What stat(2) says of an inode on the MDT: its own attributes, and the size that the objects have.
 */
#ifndef LOVFS_VOLUME_STAT_H
#define LOVFS_VOLUME_STAT_H

#include "base/attr.h"

#include <sys/stat.h>

struct inode;

/* As inode_attr_get_of_name(), of an inode that isn't hidden. */
int MUST_CHECK stat_inode(struct inode *inode, struct stat *ret_st, int *ret_doubt);

#endif
