/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/show_layout.h"

#include "cli/json_out.h"
#include "cli/out.h"
#include "layout/print_view.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

int show_layout_begin(struct show_layout *s, const struct print_options *print, bool json)
{
	s->print = print;
	s->list = json ? json_array() : NULL;
	return json && !s->list ? -ENOMEM : 0;
}

static struct print_context completed(const struct print_context *ctx)
{
	struct print_context c = *ctx;
	time_t now = time(NULL);
	struct tm tm;

	if (localtime_r(&now, &tm))
		c.utc_offset_s = (int32_t)tm.tm_gmtoff;
	return c;
}

static int add_json(struct show_layout *s, const struct layout *l, const struct print_context *ctx)
{
	json_t *layout = print_layout_json(l, ctx, s->print);
	json_t *object = json_object();
	char fid[FID_TEXT_MAX];

	if (!layout || !object) {
		json_decref(layout);
		json_decref(object);
		return -ENOMEM;
	}
	if (ctx->path)
		json_out_add_name(object, "path", ctx->path);
	if (!fid_is_zero(ctx->fid))
		json_object_set_new(object, "fid", json_string(fid_text(ctx->fid, fid)));
	json_object_set_new(object, "is_directory", json_boolean(ctx->is_directory));
	json_object_set_new(object, "layout", layout);
	return json_array_append_new(s->list, object) ? -ENOMEM : 0;
}

int show_layout(struct show_layout *s, const struct layout *l, const struct print_context *ctx)
{
	struct print_context c = completed(ctx);
	CLEANUP_STRBUF struct strbuf text = { 0 }, name = { 0 };

	if (!print_view_has_ost(l, s->print))
		return 0;
	if (s->list)
		return add_json(s, l, &c);
	if (c.path)
		c.path = out_name(&name, c.path);
	print_layout(&text, l, &c, s->print);
	if (text.err)
		return text.err;
	out_lines(strbuf_text(&text), text.len_bytes);
	return 0;
}

struct layout *show_layout_no_default(void)
{
	struct layout *l = layout_new(LAYOUT_PLAIN, 1);

	if (l) {
		l->comps[0].offset_or_gen = LAYOUT_OFFSET_ANY;
		l->comps[0].pattern = 0;
	}
	return l;
}

void show_layout_none(struct show_layout *s, const struct print_context *ctx)
{
	CLEANUP_STRBUF struct strbuf name = { 0 };
	char fid[FID_TEXT_MAX];
	json_t *j;

	if (!s->list) {
		printf("%s has no stripe info\n", out_name(&name, ctx->path));
		return;
	}
	j = json_object();
	json_out_add_name(j, "path", ctx->path);
	json_object_set_new(j, "fid", json_string(fid_text(ctx->fid, fid)));
	json_object_set_new(j, "is_directory", json_false());
	json_object_set_new(j, "layout", json_null());
	json_array_append_new(s->list, j);
}

int show_layout_end(struct show_layout *s)
{
	json_t *list = s->list;

	s->list = NULL;
	return list ? json_out(list) : 0;
}
