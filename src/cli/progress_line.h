/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One line at the bottom of a terminal (standard error) for what takes longer than a second: a file
 * under way, how many of how many, percent, amounts, rate, time left. Any thread may call; whoever
 * writes to standard output or error while it may be there does so between progress_line_pause() and
 * progress_line_resume().
 */
#ifndef LOVFS_CLI_PROGRESS_LINE_H
#define LOVFS_CLI_PROGRESS_LINE_H

#include <stdbool.h>
#include <stdint.h>

struct progress_state {
	const char *name; /* borrowed: what is being worked on */
	uint64_t done_bytes, total_bytes;
	uint64_t done_files, total_files; /* not shown where total_files is at most 1 */
	bool total_known;                 /* the totals are of everything that there is to do */
	uint64_t rate_bytes;              /* a second */
};

/* Whether standard error is a terminal that can go back to the start of a line. */
bool progress_line_possible(void);

/* Draws the line anew. */
void progress_line_draw(const struct progress_state *state);

/*
 * Takes away whatever line is there, and holds off others that would draw or write until
 * progress_line_resume(). Calls nest.
 */
void progress_line_pause(void);
void progress_line_resume(void);

/*
 * The text of the line, at most `columns` wide: the name is quoted as ls does, and cut at its front. Without known totals
 * there is no percent and no time left.
 */
#define PROGRESS_TEXT_MAX 512
const char *progress_line_text(char buf[PROGRESS_TEXT_MAX], unsigned int columns,
			       const struct progress_state *state);

/* Seconds until the rest is done at this rate. False: nobody can tell. */
bool progress_line_seconds_left(const struct progress_state *state, uint64_t *ret_seconds);

#endif
