/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/json_out.h"

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
