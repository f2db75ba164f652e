/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One thread's ways into one file: descriptors, a mapping that stays for the whole run, and new
 * ones. Not shared between threads.
 */
#ifndef EXERCISER_CC_ACCESS_H
#define EXERCISER_CC_ACCESS_H

#include <stddef.h>
#include <stdint.h>

#include "exerciser/cc_run.h"
#include "exerciser/xrand.h"

struct cc_access {
	const char *path;
	int fd;
	int direct_fd; /* -1 where O_DIRECT is refused */
	unsigned char *map;
	uint64_t size;
	void *buf; /* CC_ACCESS_MAX bytes, page aligned */
};

#define CC_ACCESS_MAX (64u << 10)

/* Opens the file for reading, and writing when writable; size is its size, not 0. */
int cc_access_open(struct cc_access *a, struct cc_run *run, const char *path, uint64_t size,
		   bool writable);
void cc_access_close(struct cc_access *a);

/*
 * Reads [off, off + len) to a->buf in a way that rnd chooses: pread, the standing mapping, a new
 * mapping, O_DIRECT, a newly opened descriptor. off and len are multiples of 4 KiB, or the range
 * ends at the end of the file; len at most CC_ACCESS_MAX. ret_how names the way.
 */
int cc_access_read(struct cc_access *a, struct cc_run *run, struct xrand *rnd, uint64_t off,
		   size_t len, const char **ret_how);

/* Writes a->buf. CC_HOW_DIRECT falls back to pwrite where it is refused. */
int cc_access_write(struct cc_access *a, struct cc_run *run, enum cc_how how, uint64_t off,
		    size_t len);

#endif
