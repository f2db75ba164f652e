/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Times of access. A read through the mount is followed by one of the MDT inode, which is empty: so
 * the file system below sets the time, by its own rule, and nothing else with it; utimensat(2)
 * would change the time of the last status change, too, and every backup tool would take the file
 * for changed.
 *
 * That costs an open, a read and a close. So it is done where it may make a difference, which the
 * attributes tell that were looked at last (before any open, the kernel asks for them), and for one
 * file at most once a second; what comes sooner is made up for when somebody asks, and at the last
 * close.
 */
#ifndef LOVFS_INODE_ACCESS_TIME_H
#define LOVFS_INODE_ACCESS_TIME_H

#include "base/attr.h"
#include "inode/volume_state.h"

#include <stdbool.h>
#include <sys/stat.h>

struct inode;
struct mdt;

/* The rule of the MDT's file system: its mount options. */
enum access_rule access_time_rule_of(struct mdt *mdt);
/*
 * Whether times of access are left alone. Otherwise reads set them by the rule of the MDT's file
 * system. To be called before anything is read.
 */
void access_time_set_rule(struct volume *vol, bool never);

/* What stat(2) says of the file. */
void access_time_look(struct inode *inode, const struct stat *st);
/* The file's data was read, by somebody who cares for the time of access. */
void access_time_read(struct inode *inode);
/* Tells the MDT inode of a read that it wasn't told of yet. */
void access_time_settle(struct inode *inode);

#endif
