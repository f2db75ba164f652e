/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Group locks that this process holds itself. */
#ifndef LOCKED_H
#define LOCKED_H

#include "table.h"

/* By a descriptor of the file, f's or another. */
bool locked_here(struct open_file *f);

/*
 * Ends the process where it holds the file's group lock by another descriptor than f's, which has
 * none: reading waits in the kernel for the end of that lock, and so for ever (state D, also after
 * SIGTERM; 2.17).
 */
void locked_check_io(struct open_file *f);

#endif
