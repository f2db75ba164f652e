/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/out.h"

#include "base/quote.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool to_terminal(void)
{
	return isatty(STDOUT_FILENO) == 1;
}

const char *out_name(struct strbuf *b, const char *name)
{
	strbuf_release(b);
	if (to_terminal())
		quote_shell(b, name, strlen(name));
	else
		strbuf_bytes(b, name, strlen(name));
	return strbuf_text(b);
}

const char *out_text(struct strbuf *b, const char *text)
{
	strbuf_release(b);
	quote_message(b, text, strlen(text), to_terminal());
	return strbuf_text(b);
}

const char *out_yaml(struct strbuf *b, const char *name)
{
	strbuf_release(b);
	quote_yaml(b, name, strlen(name));
	return strbuf_text(b);
}

void out_lines(const char *text, size_t len_bytes)
{
	CLEANUP_STRBUF struct strbuf b = { 0 };

	if (to_terminal()) {
		quote_lines(&b, text, len_bytes, true);
		text = strbuf_text(&b);
		len_bytes = b.len_bytes;
	}
	fwrite(text, 1, len_bytes, stdout);
}
