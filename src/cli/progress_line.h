/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One line at the bottom of a terminal (standard error) for what takes longer than a second: file,
 * percent, amounts, rate, time left. Erased when it is done, and before anything else is written
 * there.
 */
#ifndef LOVFS_CLI_PROGRESS_LINE_H
#define LOVFS_CLI_PROGRESS_LINE_H

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress_line {
	bool enabled;     /* standard error is a terminal that can go back to the start of a line */
	const char *name; /* borrowed: what is being worked on */
	uint64_t begin_ns, drawn_ns;
};

void progress_line_begin(struct progress_line *p, const char *name);

/* Draws it, if it is time to. done_bytes <= total_bytes. */
void progress_line_update(struct progress_line *p, uint64_t done_bytes, uint64_t total_bytes);

/* Takes away whatever line is there. */
void progress_line_erase(void);

/*
 * The text of the line, at most `columns` wide: the name is cut at its front. For the two above and
 * for tests.
 */
#define PROGRESS_TEXT_MAX 512
const char *progress_line_text(char buf[PROGRESS_TEXT_MAX], unsigned int columns, const char *name,
			       uint64_t done_bytes, uint64_t total_bytes, uint64_t elapsed_ns);

#endif
