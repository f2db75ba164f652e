/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is seen of one file while it is copied: the progress line, and lines of --stats. One thread. */
#ifndef LOVFS_CLI_COPY_WATCH_H
#define LOVFS_CLI_COPY_WATCH_H

#include "cli/progress_line.h"

#include <stdbool.h>
#include <stdint.h>

struct copy_watch {
	/* Constant; zeroed: only the progress line. */
	bool stats;
	uint64_t stats_every_ns;

	/* Of the file under way. */
	struct progress_line line;
	uint64_t begin_ns, stats_ns;
	uint64_t last_done, last_total;
};

/* path is borrowed until copy_watch_end(). */
void copy_watch_begin(struct copy_watch *w, const char *path);

/* For the progress functions of mover/: the cookie is the struct copy_watch. */
void copy_watch_progress(uint64_t done_bytes, uint64_t total_bytes, void *cookie);

void copy_watch_end(struct copy_watch *w);

/* For messages: milliseconds, rounded up. */
uint64_t copy_watch_ms(uint64_t ns);

#endif
