/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was said of the last failures, of each file: a reply of FUSE's carries a number only, and who got it may want
 * to know which OST it was. Any thread. Nothing is allocated.
 */
#ifndef LOVFS_LOVFSD_FAILURES_H
#define LOVFS_LOVFSD_FAILURES_H

#include "base/attr.h"
#include "base/fid.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#define FAILURES_KEPT 32
#define FAILURES_TEXT_MAX 256
#define FAILURES_AGE_S 60u /* then a failure is another story */

struct failures {
	pthread_mutex_t lock;
	struct failure {
		struct fid fid;
		int err; /* negative; 0: none */
		uint64_t at_ns;
		char text[FAILURES_TEXT_MAX];
	} kept[FAILURES_KEPT]; /* guarded by lock; one for each file and error */
};

void failures_init(struct failures *f);
void failures_release(struct failures *f);

/* A call on the file failed; in the place of the oldest. */
void failures_note(struct failures *f, struct fid fid, int err, const char *text);

/* The text of the file's last failure with that error; "" where there was none lately. */
void failures_find(struct failures *f, struct fid fid, int err, char *ret_text, size_t size);

#endif
