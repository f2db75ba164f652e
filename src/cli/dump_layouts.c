/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/dump_layouts.h"

#include "base/error.h"
#include "cli/slurp.h"
#include "layout/codec.h"
#include "layout/xattrdump.h"

#include <stdio.h>

#define DUMP_MAX_BYTES (256 << 20)

/* The dump doesn't say what a layout is of. Those of files name their owner's sequence, or have
 * something instantiated; defaults of directories don't, but may have any object id. */
static bool is_default(const struct layout *l)
{
	for (uint32_t i = 0; i < l->count; i++) {
		const struct component *c = &l->comps[i];

		if (c->owner_seq || c->object_count || c->flags & COMP_INIT)
			return false;
	}
	return l->kind != LAYOUT_FOREIGN;
}

static int show_value(struct show_layout *show, const char *dump_path,
		      const struct xattrdump_value *value)
{
	struct print_context ctx = { .path = value->path[0] ? value->path : dump_path };
	CLEANUP_LAYOUT struct layout *l = NULL;
	char why[ERROR_TEXT_MAX];
	int err = layout_decode(value->bytes, value->len_bytes, &l);

	if (err && value->path[0]) {
		snprintf(why, sizeof(why), "%s", error_text(err));
		return fail(err, "%.128s: %s", value->path, why);
	}
	if (err)
		return err;
	ctx.is_directory = is_default(l);
	if (l->count && !ctx.is_directory)
		ctx.fid = (struct fid){ .seq = l->comps[0].owner_seq,
					.oid = (uint32_t)l->comps[0].owner_oid };
	return show_layout(show, l, &ctx);
}

int dump_layouts(struct show_layout *show, const char *dump_path)
{
	CLEANUP_FREE char *data = NULL;
	struct xattrdump dump;
	size_t len;
	int err;

	error_clear();
	err = slurp(dump_path, DUMP_MAX_BYTES, &data, &len);
	if (err)
		return err;
	dump = xattrdump_of(data, len);
	for (;;) {
		struct xattrdump_value value = { 0 };
		int more = xattrdump_next(&dump, &value);

		if (more <= 0)
			return more;
		err = show_value(show, dump_path, &value);
		xattrdump_value_release(&value);
		if (err)
			return err;
	}
}
