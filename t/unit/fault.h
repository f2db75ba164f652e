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

static inline int fault_hook(const char *call, size_t len_bytes, void *cookie)
{
	struct fault *f = cookie;

	(void)len_bytes;
	if (++f->seen != f->at)
		return 0;
	f->hit = true;
	snprintf(f->call, sizeof(f->call), "%s", call);
	return f->err;
}

static inline struct fault fault_start(int err)
{
	return (struct fault){ .err = err };
}

/* Whether to run once more: the last run made a call that failed, or there was none yet. */
static inline bool fault_next(struct fault *f)
{
	if (f->at && !f->hit) {
		sys_set_hook(NULL, NULL);
		return false;
	}
	f->at++;
	f->seen = 0;
	f->hit = false;
	sys_set_hook(fault_hook, f);
	return true;
}

/* After the operation: what the test does from now on isn't failed. */
static inline void fault_pause(void)
{
	sys_set_hook(NULL, NULL);
}

/* Descriptors that this process has open. */
static inline unsigned int open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

#endif
