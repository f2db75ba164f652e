/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One plain layout as text or YAML: alone, or as a component of a composite.
 *
 * Fields are printed in one order, each after a separator that the one before it has left: a
 * newline, or a space in the text of a directory's default. Names are left out where a single field
 * is asked for.
 */
#ifndef LOVFS_LAYOUT_PRINT_PLAIN_H
#define LOVFS_LAYOUT_PRINT_PLAIN_H

#include "base/strbuf.h"
#include "layout/layout.h"
#include "layout/print_options.h"

/* One layout on its way to text. */
struct printer {
	struct strbuf *out;
	const struct layout *layout;
	const struct print_context *ctx;
	const struct print_options *opt;
	uint32_t fields;
	const char *separator; /* to be written before the next field */
};

static inline bool printer_wants(const struct printer *p, uint32_t field)
{
	return p->fields & field;
}

/* Whether fields besides `field` are asked for, so that it needs its name. */
static inline bool printer_names(const struct printer *p, uint32_t field)
{
	return p->fields & ~field;
}

/* Prints component `c`; `component`: indented, under its entry. */
void print_plain(struct printer *p, const struct component *c, bool component);

#endif
