/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/say.h"

#include "base/quote.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool say_to_terminal(void)
{
	return isatty(STDERR_FILENO) == 1;
}

void say(const char *fmt, ...)
{
	CLEANUP_STRBUF struct strbuf line = { 0 };
	CLEANUP_FREE char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (text)
		quote_message(&line, text, strlen(text), say_to_terminal());
	fprintf(stderr, "%s\n", strbuf_text(&line));
}
