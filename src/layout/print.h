/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A layout as people and scripts read it: what `lfs getstripe` prints, as text, as YAML (-y), with
 * -v, single fields, some components only; and the same keys as JSON. Byte for byte as lfs of
 * Lustre 2.17.
 */
#ifndef LOVFS_LAYOUT_PRINT_H
#define LOVFS_LAYOUT_PRINT_H

#include "base/strbuf.h"
#include "layout/layout.h"
#include "layout/print_options.h"

#include <jansson.h>

/*
 * Appends the layout to `out`. Memory that ran out is in out->err. Where fields are less than
 * PRINT_DEFAULT and nothing is filtered, only the last instantiated component is shown (of a
 * directory: the last), as lfs does.
 */
void print_layout(struct strbuf *out, const struct layout *l, const struct print_context *ctx,
		  const struct print_options *opt);

/*
 * The layout as a JSON object with the keys of the YAML; numbers as numbers, an end of EOF as
 * "EOF". Filters apply, fields, yaml and raw don't. A new reference; NULL: no memory.
 */
json_t *print_layout_json(const struct layout *l, const struct print_context *ctx,
			  const struct print_options *opt);

#endif
