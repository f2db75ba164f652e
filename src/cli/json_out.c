/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/json_out.h"

#include "base/strbuf.h"
#include "cli/complain.h"

#include <errno.h>
#include <stdio.h>

int json_out(json_t *value)
{
	int err = value ? json_dumpf(value, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : -1;

	json_decref(value);
	if (err) {
		complain_text(NULL, NULL,
			      "cannot write JSON: no memory, or a name that is not UTF-8");
		return -ENOMEM;
	}
	putchar('\n');
	return 0;
}

json_t *json_out_name(const char *name)
{
	CLEANUP_STRBUF struct strbuf b = { 0 };
	json_t *j = json_string(name);

	for (; !j && *name; name++) {
		if ((unsigned char)*name < 0x80)
			strbuf_bytes(&b, name, 1);
		else
			strbuf_printf(&b, "\xef\xbf\xbd");
	}
	return j ? j : json_string(strbuf_text(&b));
}
