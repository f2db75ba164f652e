/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files whose size the client knows. From one that nobody has stat'ed since caches were dropped
 * copy_file_range(2) returns 0 at once, and has copied nothing (2.17). Here each program begins
 * with dropped caches, and what another has asked for helps it nothing.
 */
#ifndef SEEN_H
#define SEEN_H

#include "table.h"

/* By the inode number that stat(2) gives. */
void seen_note(ino_t ino);
/* What was created, written or asked for its size by the descriptor. */
void seen_note_file(struct open_file *f);
bool seen_file(struct open_file *f);

#endif
