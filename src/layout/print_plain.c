/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layout/print_plain.h"

#include "base/quote.h"
#include "layout/flags.h"
#include "layout/print_view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Begins a field: separator, indentation and name, padded to a column. */
static void begin(struct printer *p, uint32_t field, int indent, const char *prefix,
		  const char *name)
{
	char label[40];

	strbuf_printf(p->out, "%s", p->separator);
	if (!printer_names(p, field))
		return;
	snprintf(label, sizeof(label), "%s%s:", prefix, name);
	strbuf_printf(p->out, "%*s%-*s ", indent, "", (int)strlen(prefix) + 14, label);
}

/* --- one plain layout, alone or as a component
 * ---------------------------------------------------------------------- */

/* How the plain layout's fields are set: indented under a component or not, with lmm_ or, of a
 * directory, without. */
struct style {
	int indent;
	const char *prefix;
	const char *separator; /* after a field */
};

static struct style style_of(const struct printer *p, bool component)
{
	bool dir = p->ctx->is_directory;

	return (struct style){
		.indent = component ? 6 : 0,
		.prefix = dir ? "" : "lmm_",
		.separator = dir && !p->opt->yaml ? " " : "\n",
	};
}

static void print_owner(struct printer *p, const struct component *c, struct style s)
{
	struct fid fid = print_view_owner(c, p->ctx);
	bool stored = c->owner_seq != 0;
	char text[FID_TEXT_MAX];

	if (printer_wants(p, PRINT_DETAIL) && !p->ctx->is_directory) {
		strbuf_printf(p->out, "%*slmm_magic:         0x%08" PRIX32 "\n", s.indent, "",
			      c->magic);
		strbuf_printf(p->out, "%*slmm_seq:           0x%" PRIx64 "\n", s.indent, "",
			      stored ? c->owner_seq : fid.seq);
		strbuf_printf(p->out, "%*slmm_object_id:     0x%" PRIx64 "\n", s.indent, "",
			      stored ? c->owner_oid : fid.oid);
	}
	if (printer_wants(p, PRINT_DETAIL | PRINT_FID)) {
		fid_text(fid, text);
		if (printer_names(p, PRINT_FID))
			strbuf_printf(p->out, "%*slmm_fid:           ", s.indent, "");
		if (p->opt->yaml)
			strbuf_printf(p->out, "%.*s\n", (int)strlen(text) - 2, text + 1);
		else
			strbuf_printf(p->out, "%s\n", text);
	}
}

static void print_fields(struct printer *p, const struct component *c, struct style s)
{
	const struct print_context *ctx = p->ctx;
	bool extension = c->flags & COMP_EXTENSION;
	char text[FLAGS_TEXT_MAX];

	p->separator = "";
	if (printer_wants(p, PRINT_STRIPE_COUNT)) {
		begin(p, PRINT_STRIPE_COUNT, s.indent, s.prefix, "stripe_count");
		strbuf_printf(p->out, "%" PRId32, print_view_stripe_count(c, ctx, p->opt->raw));
		p->separator = s.separator;
	}
	if (printer_wants(p, PRINT_STRIPE_SIZE)) {
		begin(p, PRINT_STRIPE_SIZE, s.indent, s.prefix,
		      extension ? "extension_size" : "stripe_size");
		strbuf_printf(p->out, "%" PRIu64, print_view_stripe_size(c, ctx, p->opt->raw));
		p->separator = s.separator;
	}
	if (printer_wants(p, PRINT_PATTERN)) {
		begin(p, PRINT_PATTERN, s.indent, s.prefix, "pattern");
		strbuf_printf(p->out, "%s", flags_pattern_text(c->pattern, text));
		p->separator = s.separator;
	}
	if (printer_wants(p, PRINT_GENERATION) && !ctx->is_directory) {
		begin(p, PRINT_GENERATION, s.indent, s.prefix, "layout_gen");
		strbuf_printf(p->out, "%" PRIu32, print_view_generation(p->layout, c, ctx));
		p->separator = "\n";
	}
	if (printer_wants(p, PRINT_STRIPE_OFFSET)) {
		begin(p, PRINT_STRIPE_OFFSET, s.indent, s.prefix,
		      c->pattern & PATTERN_MDT ? "mdt_index" : "stripe_offset");
		strbuf_printf(p->out, "%" PRId64, print_view_stripe_offset(p->layout, c, ctx));
		p->separator = s.separator;
	}
	if (printer_wants(p, PRINT_POOL) && c->pool[0]) {
		begin(p, PRINT_POOL, s.indent, s.prefix, "pool");
		/* A pool's name is whatever somebody wrote into an xattr. */
		if (p->opt->yaml)
			quote_yaml(p->out, c->pool, strlen(c->pool));
		else
			strbuf_printf(p->out, "%s", c->pool);
		p->separator = s.separator;
	}
	if (p->separator[0])
		strbuf_printf(p->out, "\n");
}

static void print_object(struct printer *p, uint32_t idx, const struct layout_object *o,
			 bool component)
{
	const struct fid *f = &o->fid;
	char text[FID_TEXT_MAX];

	fid_text(*f, text);
	if (p->opt->yaml)
		strbuf_printf(p->out, "      - l_ost_idx: %" PRIu32 "\n        l_fid:     %.*s\n",
			      o->ost_idx, (int)strlen(text) - 2, text + 1);
	else if (component)
		strbuf_printf(p->out,
			      "      - %3" PRIu32 ": { l_ost_idx: %3" PRIu32 ", l_fid: %s }\n", idx,
			      o->ost_idx, text);
	else if (p->ctx->is_directory)
		strbuf_printf(p->out, "\t%6" PRIu32 "\t%14s\t%13s\t%14s\n", o->ost_idx, "N/A",
			      "N/A", "N/A");
	else
		strbuf_printf(p->out,
			      "\t%6" PRIu32 "\t%14" PRIu32 "\t%#13" PRIx32 "\t%#14" PRIx64 "%s\n",
			      o->ost_idx, f->oid, f->oid, f->seq, p->opt->by_ost ? " *" : "");
}

static void print_objects(struct printer *p, const struct component *c, bool component)
{
	if (component)
		strbuf_printf(p->out, "      lmm_objects:\n");
	else if (p->opt->yaml)
		strbuf_printf(p->out, "lmm_objects:\n");
	else
		strbuf_printf(p->out, "\tobdidx\t\t objid\t\t objid\t\t group\n");
	for (uint32_t i = 0; i < c->object_count; i++) {
		if (!p->opt->by_ost || c->objects[i].ost_idx == p->opt->ost_idx)
			print_object(p, i, &c->objects[i], component);
	}
}

/* An empty line ends a layout in text, also where a single value was asked for: lfs of Lustre 2.17. */
static void end_layout(struct printer *p)
{
	if (!p->opt->yaml)
		strbuf_printf(p->out, "\n");
}

void print_plain(struct printer *p, const struct component *c, bool component)
{
	struct style s = style_of(p, component);

	print_owner(p, c, s);
	print_fields(p, c, s);
	if (printer_wants(p, PRINT_OBJECTS) &&
	    print_view_lists_objects(p->layout, c, p->ctx->is_directory))
		print_objects(p, c, component);
	end_layout(p);
}
