/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Failing the n-th system call, for n = 1, 2, ... until an operation gets through without one:
 *
 *	struct fault f = fault_start(-EIO);
 *
 *	while (fault_next(&f)) {
 *		r = operation();
 *		fault_pause();
 *		... look that nothing half made is left; where !f.hit, that it succeeded
 *	}
 */
#ifndef LOVFS_UNIT_FAULT_H
#define LOVFS_UNIT_FAULT_H

#include "base/sys.h"

#include <assert.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>

struct fault {
	int err;
	unsigned int at;           /* the call to fail, counted from 1; 0 before the first run */
	_Atomic unsigned int seen; /* calls so far in this run */
	bool hit;
	char call[32]; /* which one it was */
};

int fault_hook(const char *call, size_t len_bytes, void *cookie);

struct fault fault_start(int err);

/* Whether to run once more: the last run made a call that failed, or there was none yet. */
bool fault_next(struct fault *f);

/* After the operation: what the test does from now on isn't failed. */
void fault_pause(void);

/* Descriptors that this process has open. */
unsigned int open_fds(void);

#endif
