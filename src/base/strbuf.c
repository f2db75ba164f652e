/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/strbuf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Makes room for len_bytes more and a NUL. */
static char *room(struct strbuf *b, size_t len_bytes)
{
	size_t need, cap = b->cap_bytes ? b->cap_bytes : 256;
	char *text;

	if (b->err)
		return NULL;
	if (__builtin_add_overflow(b->len_bytes, len_bytes, &need) || need >= SIZE_MAX / 4) {
		b->err = -ENOMEM;
		return NULL;
	}
	while (cap <= need)
		cap *= 2;
	if (cap != b->cap_bytes) {
		text = realloc(b->text, cap);
		if (!text) {
			b->err = -ENOMEM;
			return NULL;
		}
		b->text = text;
		b->cap_bytes = cap;
	}
	return b->text + b->len_bytes;
}

void strbuf_bytes(struct strbuf *b, const char *bytes, size_t len_bytes)
{
	char *to = room(b, len_bytes);

	if (!to)
		return;
	if (len_bytes)
		memcpy(to, bytes, len_bytes);
	to[len_bytes] = '\0';
	b->len_bytes += len_bytes;
}

void strbuf_printf(struct strbuf *b, const char *fmt, ...)
{
	va_list ap, again;
	char *to;
	int len;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	to = len < 0 ? NULL : room(b, (size_t)len);
	if (to) {
		vsnprintf(to, (size_t)len + 1, fmt, again);
		b->len_bytes += (size_t)len;
	}
	va_end(again);
}

const char *strbuf_text(const struct strbuf *b)
{
	return b->text ? b->text : "";
}

void strbuf_release(struct strbuf *b)
{
	free(b->text);
	*b = (struct strbuf){ 0 };
}
