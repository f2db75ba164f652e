/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text that grows. When memory runs out the buffer becomes bad and stays bad: whoever writes need
 * not check, whoever uses the text checks once.
 */
#ifndef LOVFS_BASE_STRBUF_H
#define LOVFS_BASE_STRBUF_H

#include "base/attr.h"

#include <stddef.h>

/* Zeroed is empty. */
struct strbuf {
	char *text;       /* owned; NUL-ended; NULL while nothing was written */
	size_t len_bytes; /* without the NUL */
	size_t cap_bytes;
	int err; /* 0 or -ENOMEM: text is missing something */
};

void strbuf_printf(struct strbuf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void strbuf_bytes(struct strbuf *b, const char *bytes, size_t len_bytes);

/* The text, "" where there is none. Valid until the next write. */
const char *strbuf_text(const struct strbuf *b);

/* Frees the text and makes the buffer empty. */
void strbuf_release(struct strbuf *b);

#define CLEANUP_STRBUF CLEANUP(strbuf_release)

#endif
