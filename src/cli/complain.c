/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/complain.h"

#include "base/error.h"
#include "cli/progress_line.h"
#include "cli/verb.h"

#include <stdarg.h>
#include <stdio.h>

static PRINTF_LIKE(3, 0) void complain_v(const struct verb *verb, const char *path, const char *fmt,
					 va_list ap)
{
	char text[ERROR_TEXT_MAX];

	vsnprintf(text, sizeof(text), fmt, ap);
	progress_line_pause();
	/* Results first: both may go to one terminal or file. */
	if (!ferror(stdout))
		(void)!fflush(stdout);
	fprintf(stderr, "lov%s%s: %s%s%s\n", verb ? " " : "", verb ? verb->name : "",
		path ? path : "", path ? ": " : "", text);
	progress_line_resume();
}

void complain_text(const struct verb *verb, const char *path, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain_v(verb, path, fmt, ap);
	va_end(ap);
}

void complain(const struct verb *verb, const char *path, int err)
{
	complain_text(verb, path, "%s", error_text(err));
}

int complain_usage(const struct verb *verb, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain_v(verb, NULL, fmt, ap);
	va_end(ap);
	fprintf(stderr, "Try 'lov %s%s--help'.\n", verb ? verb->name : "", verb ? " " : "");
	return STATUS_USAGE;
}
