/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lines of --events: one JSON object each.
 *
 *   {"event": "begin" | "progress" | "end", "path": , "bytes_done": , "bytes_total": , "all": {...}}
 *       of one file. The last one also has "seconds", "error" where it failed, and what the verb adds
 *   {"event": "done", "seconds": , "all": {...}}   at last
 *
 * "all" is of the whole command: "bytes_done", "bytes_total", "files_done" (failed ones included),
 * "files_failed", "files_total", "total_known", "rate" (bytes a second, now), "seconds_left" (null:
 * nobody can tell).
 */
#ifndef LOVFS_CLI_COPY_EVENTS_H
#define LOVFS_CLI_COPY_EVENTS_H

#include "base/attr.h"
#include "base/strbuf.h"
#include "cli/progress_line.h"

#include <jansson.h>

struct copy_event {
	const char *name, *path; /* path NULL: "done" */
	uint64_t done_bytes, total_bytes;
	double seconds;    /* negative: not said */
	const char *error; /* may be NULL */
	json_t *details;   /* borrowed; may be NULL */
	const struct progress_state *all;
	uint64_t files_failed;
};

/* Adds the line. Where there is no memory it is left out. */
void copy_events_add(struct strbuf *b, const struct copy_event *e);

#endif
