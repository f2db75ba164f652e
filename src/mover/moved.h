/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How bytes moved into a file while something was done: the file system counts from its first opening on. */
#ifndef LOVFS_MOVER_MOVED_H
#define LOVFS_MOVER_MOVED_H

#include "fs/fs.h"
#include "mover/transfer_request.h"

/* The counters of an open file; all 0 where the file system doesn't know. */
struct fs_moved moved_now(struct fs *fs, int fd);

/* Adds what has been counted since `before`. */
void moved_add_since(struct fs *fs, int fd, const struct fs_moved *before, struct fs_moved *sum);

void moved_add(struct fs_moved *sum, const struct fs_moved *more);

/* Adds what a transfer moved here, and not the file system. */
void moved_add_here(struct fs_moved *sum, const struct transfer_result *here);

#endif
