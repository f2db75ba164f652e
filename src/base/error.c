/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local struct {
	int err; /* negative errno that text belongs to, 0 = none */
	char text[ERROR_TEXT_MAX];
	char words[128];
} last;

static void PRINTF_LIKE(2, 0) set_text(int err, const char *fmt, va_list ap)
{
	last.err = err;
	vsnprintf(last.text, sizeof(last.text), fmt, ap);
}

/* GNU strerror_r: thread-safe, and may return a constant instead of filling the buffer. */
static const char *words(int err)
{
	return strerror_r(err < 0 ? -err : err, last.words, sizeof(last.words));
}

int fail(int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_text(err, fmt, ap);
	va_end(ap);
	return err;
}

int fail_sys(int err, const char *fmt, ...)
{
	va_list ap;
	size_t len;

	va_start(ap, fmt);
	set_text(err, fmt, ap);
	va_end(ap);
	len = strlen(last.text);
	snprintf(last.text + len, sizeof(last.text) - len, ": %s", words(err));
	return err;
}

const char *error_text(int err)
{
	if (err > 0)
		err = -err;
	if (last.err == err && last.text[0] != '\0')
		return last.text;
	return words(err);
}

void error_clear(void)
{
	last.err = 0;
	last.text[0] = '\0';
}
