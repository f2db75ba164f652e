/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log.h"

#include "base/quote.h"
#include "base/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

/* Written once by log_open(), before there are threads. */
static const char *name = "lovfs";
static enum log_level lowest_level = LOG_LEVEL_WARNING;
static bool use_syslog;

static const char *const words[] = { "error", "warning", "info", "debug" };
static const int priorities[] = { LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

void log_open(const char *program, enum log_level lowest, bool to_syslog)
{
	name = program;
	lowest_level = lowest;
	use_syslog = to_syslog;
	if (to_syslog)
		openlog(program, LOG_PID, LOG_DAEMON);
}

void log_write(enum log_level level, const char *fmt, ...)
{
	CLEANUP_STRBUF struct strbuf line = { 0 };
	char text[1024];
	va_list ap;

	if (level > lowest_level)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!use_syslog) {
		say("%s: %s: %s", name, words[level], text);
		return;
	}
	quote_message(&line, text, strlen(text), false);
	syslog(priorities[level], "%s", strbuf_text(&line));
}
