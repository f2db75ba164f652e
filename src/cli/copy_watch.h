/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is seen of a command that copies files, one after the other or several at once:
 *
 *   - a progress line over all files, on a terminal (cli/progress_line.h)
 *   - on SIGUSR1 the same as a line of its own, on standard error, within 100 ms or so
 *   - --stats: for each file a YAML document of lines; live where there is one file at a time,
 *     otherwise whole, at the file's end, and at last one for all of them
 *   - --events: lines of JSON (cli/copy_events.h)
 *
 * A thread of its own looks after all of them, so a file that is slow doesn't hold them up. The verb
 *
 *	copy_watch_new()         in the main thread before it starts others: SIGUSR1 is blocked from then on
 *	copy_watch_expect()      what it finds that is to be done, as it finds it; copy_watch_expect_no_more()
 *	copy_watch_begin()       each file, in the thread that copies it
 *	copy_watch_progress()    is the progress function of mover/ and the like, with the file as cookie
 *	copy_watch_end()
 *	copy_watch_free()        at the end
 *
 * Any thread may call; those of one file are one thread's at a time.
 */
#ifndef LOVFS_CLI_COPY_WATCH_H
#define LOVFS_CLI_COPY_WATCH_H

#include "base/attr.h"
#include "cli/copy_count.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct copy_watch; /* opaque */

struct copy_watch_options {
	const char *verb; /* "migrate": before the line of SIGUSR1 */
	bool stats, events;
	bool several;      /* files at once */
	uint64_t every_ns; /* between two lines of --stats or two rounds of events */
	/*
	 * Calls copy_watch_expect() for what is to be done. In a thread of its own, once somebody wants
	 * to see it; returns soon after copy_watch_ending(). May be NULL: the verb does it, or nobody.
	 */
	void (*look_ahead)(struct copy_watch *w, void *cookie);
	void *cookie;
};

/* -ENOMEM. Where no thread can be had there is only --stats and --events at the ends of files. */
int MUST_CHECK copy_watch_new(const struct copy_watch_options *opt, struct copy_watch **ret_watch);

/* Says what is to be said at the end, too. NULL is fine. */
void copy_watch_free(struct copy_watch *w);

/* So many more files, of so many bytes together, are to be done. Bytes can be left 0: the files' own
 * sizes come with copy_watch_begin(). */
void copy_watch_expect(struct copy_watch *w, uint64_t files, uint64_t bytes);

/* There are no others: percent and time left mean something. */
void copy_watch_expect_no_more(struct copy_watch *w);

/* For look_ahead(). */
bool copy_watch_ending(struct copy_watch *w);

/* A file under way, struct copy_watch_file, is the caller's memory; all of it is the watch's until the end,
 * but for reading `path`. */

/* size_bytes: what stat(2) said of it, as counted by copy_watch_expect(); 0 where nobody asked. */
void copy_watch_begin(struct copy_watch *w, struct copy_watch_file *f, const char *path,
		      uint64_t size_bytes);

/* total_bytes may grow, and be more than the size: several copies, or what is written meanwhile.
 * cookie is the struct copy_watch_file. */
void copy_watch_progress(uint64_t done_bytes, uint64_t total_bytes, void *cookie);

/* err, and the text of it (NULL where it is 0). details (taken over; may be NULL): an object whose keys
 * the event "end" gets besides its own. */
void copy_watch_end(struct copy_watch_file *f, int err, const char *why, json_t *details);

/* For messages: milliseconds, rounded up. */
uint64_t copy_watch_ms(uint64_t ns);

#endif
