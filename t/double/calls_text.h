/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of /proc and /sys that tell of file systems. */
#ifndef CALLS_TEXT_H
#define CALLS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Where a path below the places of Lustre's parameters leads: the path in buf; or itself, where it's
 * another path. Without a tree for them they lead to nothing.
 */
const char *calls_text_redirect(const char *path, char *buf, size_t size);

/*
 * The text of /proc/self/fdinfo/N, with the file's own inode number, where path (in any directory) is that and N
 * is of lovfs's second inode of it. A descriptor; -1: it's another path, or can't be read.
 */
int calls_text_fdinfo(const char *path);

#endif
