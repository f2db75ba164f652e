/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several processes that do the same and share some memory. */
#ifndef EXERCISER_CC_PROCS_H
#define EXERCISER_CC_PROCS_H

#include <stddef.h>

#include "exerciser/cc_run.h"

/* Zeroed memory that forked processes share; NULL after failing the run. */
void *cc_procs_shared(struct cc_run *run, size_t size);
void cc_procs_unshare(void *mem, size_t size);

/*
 * Forks nr processes that run body(run, idx, cookie), 0 for success, and waits for all of them.
 * Returns 0, or -1 when one failed (it has said why).
 */
int cc_procs_run(struct cc_run *run, unsigned int nr,
		 int (*body)(struct cc_run *run, unsigned int idx, void *cookie), void *cookie);

#endif
