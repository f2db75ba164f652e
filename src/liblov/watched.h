/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A copy that somebody watches: it runs in a thread of its own, while the caller's thread says how far it
 * has come. */
#ifndef LOVFS_LIBLOV_WATCHED_H
#define LOVFS_LIBLOV_WATCHED_H

#include "copy/filecopy.h"

struct watched {
	struct io_ladder *ladder;
	atomic_bool *stop; /* of the copier: looked at, not changed */
	uint64_t total_bytes;
	unsigned int interval_ms;
	/* Anything but 0 ends the copy. */
	int (*progress)(uint64_t done_bytes, uint64_t total_bytes, void *cookie);
	void *cookie;
};

/* filecopy_run() with w->progress() called now and then, and at the end; c's stop and done_bytes are set
 * here. */
int MUST_CHECK watched_run(const struct watched *w, const struct filecopy *c,
			   struct filecopy_result *ret_result);

/* The same in the caller's thread: w->progress(), which may be NULL, is called at the end only. */
int MUST_CHECK watched_alone(const struct watched *w, const struct filecopy *c,
			     struct filecopy_result *ret_result);

#endif
