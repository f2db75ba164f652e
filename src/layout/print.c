/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layout/print.h"

#include "base/quote.h"
#include "layout/print_composite.h"
#include "layout/print_plain.h"
#include "layout/print_view.h"

#include <inttypes.h>
#include <string.h>

/* What any of these is asked for: shown for plain layouts as if they were composites of one
 * component. */
#define COMP_FIELDS                                                                                \
	((uint32_t)(PRINT_COMP_COUNT | PRINT_COMP_ID | PRINT_COMP_START | PRINT_COMP_END |         \
		    PRINT_COMP_FLAGS))

/* What lfs calls a default is what nobody has set; it says so with -v only, and not with -R. */
static bool says_default(const struct printer *p)
{
	return p->ctx->is_default && printer_wants(p, PRINT_DETAIL) && !p->opt->raw;
}

/* Where only objects are asked for, a directory has nothing to say. */
static void print_path(struct printer *p)
{
	bool nothing = p->ctx->is_directory && p->fields == PRINT_OBJECTS;

	if (!p->ctx->path || p->opt->yaml || p->opt->no_path || nothing)
		return;
	strbuf_printf(p->out, "%s%s\n", says_default(p) ? "(Default) " : "", p->ctx->path);
}

/* --- foreign
 * --------------------------------------------------------------------------------------------------------
 */

static const char *foreign_type_name(uint32_t type)
{
	switch (type) {
	case 0:
		return "none";
	case 0xda05:
		return "symlink";
	default:
		return "unknown";
	}
}

/* As lfs does, but where that would be no YAML. */
static void print_value(struct printer *p, const char *value, size_t len_bytes)
{
	CLEANUP_STRBUF struct strbuf quoted = { 0 };

	quote_yaml(&quoted, value, len_bytes);
	if (p->opt->yaml &&
	    (strchr(strbuf_text(&quoted), '\\') || memchr(value, '\'', len_bytes))) {
		strbuf_bytes(p->out, quoted.text, quoted.len_bytes);
		return;
	}
	strbuf_bytes(p->out, "'", 1);
	strbuf_bytes(p->out, value, len_bytes);
	strbuf_bytes(p->out, "'", 1);
}

/* lfs prints no path line before a foreign layout. */
static void print_foreign(struct printer *p)
{
	const struct layout *l = p->layout;
	const char *value = (const char *)l->foreign_value;

	if (printer_wants(p, PRINT_DETAIL)) {
		strbuf_printf(p->out, "lfm_magic:         0x%08X\n",
			      (unsigned int)LAYOUT_MAGIC_FOREIGN);
		strbuf_printf(p->out, "lfm_length:          %" PRIu32 "\n", l->foreign_len_bytes);
		strbuf_printf(p->out, "lfm_type:          0x%08" PRIX32 " (%s)\n", l->foreign_type,
			      foreign_type_name(l->foreign_type));
		strbuf_printf(p->out, "lfm_flags:          0x%08" PRIX32 "\n", l->foreign_flags);
	}
	strbuf_printf(p->out, "lfm_value:     ");
	print_value(p, value ? value : "", value ? strnlen(value, l->foreign_len_bytes) : 0);
	strbuf_printf(p->out, "\n\n");
}

/* A plain layout is shown as a composite where components are asked about. */
static bool as_composite(const struct printer *p)
{
	const struct print_options *opt = p->opt;

	if (p->layout->kind == LAYOUT_COMPOSITE)
		return true;
	if (opt->by_id || opt->by_flags || opt->by_start || opt->by_end || opt->by_mirror)
		return true;
	return (p->fields & PRINT_DEFAULT) != PRINT_DEFAULT && printer_wants(p, COMP_FIELDS);
}

void print_layout(struct strbuf *out, const struct layout *l, const struct print_context *ctx,
		  const struct print_options *opt)
{
	struct printer p = { .out = out,
			     .layout = l,
			     .ctx = ctx,
			     .opt = opt,
			     .fields = opt->fields,
			     .separator = "" };

	if (!p.fields)
		p.fields = PRINT_DEFAULT;
	if (!print_view_has_ost(l, opt))
		return;
	if (l->kind == LAYOUT_FOREIGN) {
		print_foreign(&p);
		return;
	}
	print_path(&p);
	if (as_composite(&p))
		print_composite(&p);
	else
		print_plain(&p, &l->comps[0], false);
}
