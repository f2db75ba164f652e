/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layouts on standard output, one after the other, as text or YAML, or all in one JSON array. */
#ifndef LOVFS_CLI_SHOW_LAYOUT_H
#define LOVFS_CLI_SHOW_LAYOUT_H

#include "base/attr.h"
#include "layout/print.h"

#include <stdbool.h>

struct show_layout {
	const struct print_options *print; /* borrowed */
	json_t *list;                      /* owned; NULL: not JSON */
};

int MUST_CHECK show_layout_begin(struct show_layout *s, const struct print_options *print,
				 bool json);

/* Shows one. The context's defaults and zone are filled in here. -ENOMEM */
int MUST_CHECK show_layout(struct show_layout *s, const struct layout *l,
			   const struct print_context *ctx);

/* What a directory without a default stands for: everything left to defaults, and no pattern. The
 * caller's; NULL: no memory. */
struct layout *show_layout_no_default(void);

/* A file that has none. */
void show_layout_none(struct show_layout *s, const struct print_context *ctx);

/* Prints what JSON there is. 0 or a negative errno, said on standard error. */
int MUST_CHECK show_layout_end(struct show_layout *s);

#endif
