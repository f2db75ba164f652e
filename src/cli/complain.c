/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/complain.h"

#include "base/error.h"
#include "base/quote.h"
#include "base/say.h"
#include "cli/progress_line.h"
#include "cli/verb.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static PRINTF_LIKE(3, 0) void complain_v(const struct verb *verb, const char *path, const char *fmt,
					 va_list ap)
{
	CLEANUP_STRBUF struct strbuf name = { 0 };
	char text[ERROR_TEXT_MAX];

	vsnprintf(text, sizeof(text), fmt, ap);
	progress_line_pause();
	/* Results first: both may go to one terminal or file. */
	if (!ferror(stdout))
		(void)!fflush(stdout);
	if (path && say_to_terminal())
		quote_shell(&name, path, strlen(path));
	else if (path)
		strbuf_bytes(&name, path, strlen(path));
	say("lov%s%s: %s%s%s", verb ? " " : "", verb ? verb->name : "", strbuf_text(&name),
	    path ? ": " : "", text);
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
