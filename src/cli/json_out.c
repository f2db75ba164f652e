/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/json_out.h"

#include "base/quote.h"
#include "cli/complain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int json_out_format(struct strbuf *b, const json_t *value, size_t flags)
{
	char *text = value ? json_dumps(value, flags) : NULL;

	if (text)
		quote_json(b, text, strlen(text));
	free(text);
	return text ? b->err : -ENOMEM;
}

int json_out(json_t *value)
{
	CLEANUP_STRBUF struct strbuf b = { 0 };
	int err = json_out_format(&b, value, JSON_INDENT(2) | JSON_PRESERVE_ORDER);

	json_decref(value);
	if (err) {
		complain_text(NULL, NULL, "cannot write JSON: no memory");
		return -ENOMEM;
	}
	puts(strbuf_text(&b));
	return 0;
}

json_t *json_out_text(const char *text)
{
	CLEANUP_STRBUF struct strbuf b = { 0 };

	quote_utf8(&b, text, strlen(text));
	return json_string(strbuf_text(&b));
}

void json_out_add_name(json_t *object, const char *key, const char *name)
{
	CLEANUP_STRBUF struct strbuf text = { 0 }, bytes = { 0 };
	char bytes_key[64];

	if (quote_utf8(&text, name, strlen(name)))
		quote_bytes(&bytes, name, strlen(name));
	json_object_set_new(object, key, json_string(strbuf_text(&text)));
	if (!bytes.text)
		return;
	snprintf(bytes_key, sizeof(bytes_key), "%s_bytes", key);
	json_object_set_new(object, bytes_key, json_string(bytes.text));
}
