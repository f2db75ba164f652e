/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layout/print.h"

#include "base/quote.h"
#include "layout/flags.h"
#include "layout/print_view.h"

#include <string.h>

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)(value > INT64_MAX ? INT64_MAX : value));
}

static json_t *fid_string(struct fid fid)
{
	char text[FID_TEXT_MAX];

	fid_text(fid, text);
	return json_stringn(text + 1, strlen(text) - 2);
}

/* Text that may be no UTF-8: then its bytes in hexadecimal. */
static json_t *bytes_string(const uint8_t *bytes, size_t len)
{
	json_t *text = json_stringn(len ? (const char *)bytes : "", len);
	CLEANUP_STRBUF struct strbuf hex = { 0 };

	if (text)
		return text;
	strbuf_printf(&hex, "0x");
	for (size_t i = 0; i < len; i++)
		strbuf_printf(&hex, "%02x", bytes[i]);
	return hex.err ? NULL : json_string(strbuf_text(&hex));
}

/* Adds name: value, taking the value; false when either couldn't be made. */
static bool add(json_t *object, const char *prefix, const char *name, json_t *value)
{
	char key[40];

	snprintf(key, sizeof(key), "%s%s", prefix, name);
	return json_object_set_new(object, key, value) == 0;
}

/* A name that isn't UTF-8 as cli/json_out.h has all names. */
static bool add_pool(json_t *object, const char *prefix, const char *pool)
{
	CLEANUP_STRBUF struct strbuf text = { 0 }, bytes = { 0 };
	bool odd = quote_utf8(&text, pool, strlen(pool));

	quote_bytes(&bytes, pool, strlen(pool));
	return add(object, prefix, "pool", json_string(strbuf_text(&text))) &&
	       (!odd || add(object, prefix, "pool_bytes", json_string(strbuf_text(&bytes))));
}

static bool add_objects(json_t *to, const struct component *c, const struct print_options *opt)
{
	json_t *list = json_array();
	bool good = add(to, "", "lmm_objects", list);

	for (uint32_t i = 0; good && i < c->object_count; i++) {
		const struct layout_object *o = &c->objects[i];
		json_t *object;

		if (opt->by_ost && o->ost_idx != opt->ost_idx)
			continue;
		object = json_object();
		good = json_array_append_new(list, object) == 0 &&
		       add(object, "", "l_ost_idx", number(o->ost_idx)) &&
		       add(object, "", "l_fid", fid_string(o->fid));
	}
	return good;
}

static bool add_plain(json_t *to, const struct layout *l, const struct component *c,
		      const struct print_context *ctx, const struct print_options *opt)
{
	const char *prefix = ctx->is_directory ? "" : "lmm_";
	bool extension = c->flags & COMP_EXTENSION;
	char text[FLAGS_TEXT_MAX];
	bool good;

	good = add(to, prefix, "stripe_count",
		   json_integer(print_view_stripe_count(c, ctx, opt->raw))) &&
	       add(to, prefix, extension ? "extension_size" : "stripe_size",
		   number(print_view_stripe_size(c, ctx, opt->raw))) &&
	       add(to, prefix, "pattern", json_string(flags_pattern_text(c->pattern, text))) &&
	       (ctx->is_directory ||
		add(to, prefix, "layout_gen", number(print_view_generation(l, c, ctx)))) &&
	       add(to, prefix, c->pattern & PATTERN_MDT ? "mdt_index" : "stripe_offset",
		   json_integer(print_view_stripe_offset(l, c, ctx)));
	if (good && c->pool[0])
		good = add_pool(to, prefix, c->pool);
	if (good && print_view_lists_objects(l, c, ctx->is_directory))
		good = add_objects(to, c, opt);
	return good;
}

static bool add_odd_entry_fields(json_t *to, const struct component *c)
{
	bool good = true;

	if (c->link_id)
		good = good && add(to, "", "lcme_mirror_link_id", number(c->link_id));
	if (c->flags & COMP_NOSYNC || c->timestamp)
		good = good && add(to, "", "lcme_timestamp", number(c->timestamp));
	if (c->flags & COMP_PARITY)
		good = good && add(to, "", "lcme_dstripe_count", number(c->data_stripes)) &&
		       add(to, "", "lcme_cstripe_count", number(c->parity_stripes));
	if (c->compression)
		good = good && add(to, "", "lcme_compr_type", number(c->compression & 0xffu)) &&
		       add(to, "", "lcme_compr_level", number(c->compression >> 8 & 0xfu)) &&
		       add(to, "", "lcme_compr_chunk", number(c->compression >> 12 & 0xfu));
	return good;
}

static json_t *entry(const struct layout *l, const struct component *c,
		     const struct print_context *ctx, const struct print_options *opt)
{
	json_t *to = json_object(), *sub = json_object();
	char text[FLAGS_TEXT_MAX];
	bool good;

	good = add(to, "", "lcme_id", number(c->id)) &&
	       add(to, "", "lcme_mirror_id", number(component_mirror_id(c))) &&
	       add(to, "", "lcme_flags", json_string(flags_text(c->flags, text))) &&
	       add_odd_entry_fields(to, c) &&
	       add(to, "", "lcme_extent.e_start", number(c->start)) &&
	       add(to, "", "lcme_extent.e_end",
		   c->end == LAYOUT_EOF ? json_string("EOF") : number(c->end)) &&
	       add_plain(sub, l, c, ctx, opt) && json_object_set(to, "sub_layout", sub) == 0;
	json_decref(sub);
	if (good)
		return to;
	json_decref(to);
	return NULL;
}

static bool add_composite(json_t *to, const struct layout *l, const struct print_context *ctx,
			  const struct print_options *opt)
{
	json_t *list = json_array();
	bool good = add(to, "", "lcm_flags", json_string(flags_state_text(l->flags))) &&
		    add(to, "", "lcm_layout_gen", number(l->gen)) &&
		    add(to, "", "lcm_mirror_count", number(l->mirror_count)) &&
		    add(to, "", "lcm_entry_count", number(l->count));

	for (uint32_t i = 0; good && i < l->count; i++) {
		if (print_view_shows(l, &l->comps[i], opt))
			good = json_array_append_new(list, entry(l, &l->comps[i], ctx, opt)) == 0;
	}
	if (!good) {
		json_decref(list);
		return false;
	}
	return add(to, "", "components", list);
}

static bool add_foreign(json_t *to, const struct layout *l)
{
	return add(to, "", "lfm_type", number(l->foreign_type)) &&
	       add(to, "", "lfm_flags", number(l->foreign_flags)) &&
	       add(to, "", "lfm_value", bytes_string(l->foreign_value, l->foreign_len_bytes));
}

json_t *print_layout_json(const struct layout *l, const struct print_context *ctx,
			  const struct print_options *opt)
{
	json_t *to = json_object();
	bool good;

	if (l->kind == LAYOUT_FOREIGN)
		good = add_foreign(to, l);
	else if (l->kind == LAYOUT_COMPOSITE)
		good = add_composite(to, l, ctx, opt);
	else
		good = add_plain(to, l, &l->comps[0], ctx, opt);
	if (good)
		return to;
	json_decref(to);
	return NULL;
}
