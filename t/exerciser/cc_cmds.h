/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The subcommands of concur. Each returns the exit status, 0 or 1. */
#ifndef EXERCISER_CC_CMDS_H
#define EXERCISER_CC_CMDS_H

#include "exerciser/cc_run.h"

/* cc_copy.c: a file is copied again and again while it is being written */
int cc_copy_while_writing(struct cc_run *run);

/* cc_rewrite.c: writers and readers of one file whose layout may change underneath */
int cc_rewrite(struct cc_run *run);

/* cc_readers.c: a file of known content, and readers of it */
int cc_readers_fill(struct cc_run *run);
int cc_readers_read(struct cc_run *run);

/* cc_locks.c, cc_append.c, cc_names.c: processes and threads in one directory */
int cc_locks_exclude(struct cc_run *run);
int cc_append_all(struct cc_run *run);
int cc_names_storm(struct cc_run *run);

#endif
