/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much of a command that copies files is done: sums over the files that ended, those under way, and
 * those that are expected. Without a lock: the caller has one.
 */
#ifndef LOVFS_CLI_COPY_COUNT_H
#define LOVFS_CLI_COPY_COUNT_H

#include "base/strbuf.h"
#include "cli/progress_line.h"
#include "cli/rate_meter.h"

#include <stdbool.h>
#include <stdint.h>

/* A file under way. The memory is whose it is begun by. */
struct copy_watch_file {
	const char *path; /* borrowed */
	uint64_t begin_ns;
	struct copy_watch_file *next, *prev;
	bool told;                        /* copy_count_progress() has been called */
	uint64_t done_bytes, total_bytes; /* the total is the size at first */
	/* copy_watch.c's: */
	struct copy_watch *watch;
	uint64_t said_ns;
	struct strbuf lines; /* of --stats */
};

struct copy_count {
	struct copy_watch_file *first, *last; /* under way, the oldest first */
	uint64_t begun, begun_bytes;          /* files, and their sizes */
	uint64_t good, bad, ended_bytes;      /* files that ended, and what was done of them */
	int64_t extra_bytes; /* by how much files turned out to be more, or less, than their sizes */
	uint64_t expected, expected_bytes;
	bool all_expected;
	struct rate_meter meter;
};

void copy_count_init(struct copy_count *c, uint64_t now_ns);

/* f: path and total_bytes are set. */
void copy_count_begin(struct copy_count *c, struct copy_watch_file *f);
void copy_count_progress(struct copy_count *c, struct copy_watch_file *f, uint64_t done_bytes,
			 uint64_t total_bytes);
/* A file that went well is done, also where that needed no copying: f says so afterwards. What is missing
 * of one that failed is not to be done any more. */
void copy_count_end(struct copy_count *c, struct copy_watch_file *f, bool good);

/* For the rate, as often as one likes. */
void copy_count_tick(struct copy_count *c, uint64_t now_ns);

/* All of it. The name is the oldest file's under way. */
struct progress_state copy_count_state(const struct copy_count *c, uint64_t now_ns);

#endif
