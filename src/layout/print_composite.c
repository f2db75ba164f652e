/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layout/print_composite.h"

#include "layout/flags.h"
#include "layout/print_view.h"

#include <inttypes.h>
#include <time.h>

static void begin_entry(struct printer *p, uint32_t field, const char *name)
{
	strbuf_printf(p->out, "%s", p->separator);
	if (printer_names(p, field))
		strbuf_printf(p->out, "    %-20s ", name);
	p->separator = "\n";
}

/* --- composite
 * ------------------------------------------------------------------------------------------------------
 */

static void print_header_number(struct printer *p, uint32_t field, const char *name, uint32_t value)
{
	if (!printer_wants(p, field))
		return;
	if (printer_names(p, field))
		strbuf_printf(p->out, "%s%-18s ", p->opt->yaml ? "" : "  ", name);
	strbuf_printf(p->out, "%" PRIu32 "\n", value);
}

static uint32_t shown_bytes(const struct printer *p)
{
	uint32_t bytes = print_view_entries_bytes(p->layout);

	for (uint32_t i = 0; i < p->layout->count; i++)
		bytes += print_view_comp_bytes(p->layout, &p->layout->comps[i], p->ctx);
	return bytes;
}

static const char *shown_state(const struct printer *p)
{
	if (p->ctx->is_directory)
		return p->layout->mirror_count > 1 ? "mirrored" : "";
	return flags_state_text(p->layout->flags);
}

static void print_header(struct printer *p)
{
	const struct layout *l = p->layout;
	bool composite = l->kind == LAYOUT_COMPOSITE;

	if (printer_wants(p, PRINT_DETAIL)) {
		strbuf_printf(p->out, "composite_header:\n");
		strbuf_printf(p->out, "  lcm_magic:         0x%08" PRIX32 "\n",
			      composite ? l->magic : l->comps[0].magic);
		strbuf_printf(p->out, "  lcm_size:          %" PRIu32 "\n", shown_bytes(p));
		strbuf_printf(p->out, "  lcm_flags:         %s\n", shown_state(p));
	}
	print_header_number(p, PRINT_GENERATION, "lcm_layout_gen:", l->gen);
	print_header_number(p, PRINT_MIRROR_COUNT, "lcm_mirror_count:", l->mirror_count);
	print_header_number(p, PRINT_COMP_COUNT, "lcm_entry_count:", composite ? l->count : 0);
	if (printer_wants(p, PRINT_DETAIL) || p->opt->yaml)
		strbuf_printf(p->out, "components:\n");
}

static void print_number_or_na(struct printer *p, uint32_t id, uint32_t value)
{
	if (id)
		strbuf_printf(p->out, "%" PRIu32, value);
	else
		strbuf_printf(p->out, "N/A");
}

static void print_ids(struct printer *p, const struct component *c)
{
	if (printer_wants(p, PRINT_COMP_ID) || p->opt->yaml) {
		if (printer_wants(p, PRINT_DETAIL) || p->opt->yaml)
			strbuf_printf(p->out, "  - lcme_id:             ");
		else if (printer_names(p, PRINT_COMP_ID))
			strbuf_printf(p->out, "    lcme_id:             ");
		print_number_or_na(p, c->id, c->id);
		p->separator = "\n";
	}
	if (printer_wants(p, PRINT_MIRROR_ID)) {
		begin_entry(p, PRINT_MIRROR_ID, "lcme_mirror_id:");
		print_number_or_na(p, c->id, component_mirror_id(c));
	}
}

static void print_timestamp(struct printer *p, uint64_t seconds)
{
	int32_t offset = p->ctx->utc_offset_s;
	time_t t = (time_t)seconds + offset;
	char date[64];
	struct tm tm;

	if (p->opt->yaml || !gmtime_r(&t, &tm) ||
	    !strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm)) {
		strbuf_printf(p->out, "%" PRIu64, seconds);
		return;
	}
	strbuf_printf(p->out, "'%s%c%02d%02d'", date, offset < 0 ? '-' : '+',
		      (offset < 0 ? -offset : offset) / 3600,
		      (offset < 0 ? -offset : offset) / 60 % 60);
}

static void print_comp_flags(struct printer *p, const struct component *c)
{
	uint32_t flags = c->flags;
	char text[FLAGS_TEXT_MAX];

	if (p->layout->kind == LAYOUT_PLAIN &&
	    print_view_instantiated(p->layout, c, p->ctx->is_directory))
		flags |= COMP_INIT;
	begin_entry(p, PRINT_COMP_FLAGS, "lcme_flags:");
	strbuf_printf(p->out, "%s", flags_text(flags, text));
	if (c->link_id) {
		begin_entry(p, PRINT_COMP_FLAGS, "lcme_mirror_link_id:");
		strbuf_printf(p->out, "0x%" PRIx16, c->link_id);
	}
	if (c->flags & COMP_NOSYNC || c->timestamp) {
		begin_entry(p, PRINT_COMP_FLAGS, "lcme_timestamp:");
		print_timestamp(p, c->timestamp);
	}
}

static void print_parity(struct printer *p, const struct component *c)
{
	if (c->flags & COMP_PARITY) {
		begin_entry(p, PRINT_PARITY, "lcme_dstripe_count:");
		strbuf_printf(p->out, "%u", c->data_stripes);
		begin_entry(p, PRINT_PARITY, "lcme_cstripe_count:");
		strbuf_printf(p->out, "%u", c->parity_stripes);
	}
	if (c->compression) {
		begin_entry(p, PRINT_PARITY, "lcme_compr_type:");
		strbuf_printf(p->out, "%u", c->compression & 0xffu);
		begin_entry(p, PRINT_PARITY, "lcme_compr_level:");
		strbuf_printf(p->out, "%u", c->compression >> 8 & 0xfu);
		begin_entry(p, PRINT_PARITY, "lcme_compr_chunk:");
		strbuf_printf(p->out, "%u", c->compression >> 12 & 0xfu);
	}
}

static void print_extent(struct printer *p, const struct component *c)
{
	if (printer_wants(p, PRINT_COMP_START)) {
		begin_entry(p, PRINT_COMP_START, "lcme_extent.e_start:");
		strbuf_printf(p->out, "%" PRIu64, c->start);
	}
	if (printer_wants(p, PRINT_COMP_END)) {
		begin_entry(p, PRINT_COMP_END, "lcme_extent.e_end:");
		if (c->end == LAYOUT_EOF)
			strbuf_printf(p->out, "EOF");
		else
			strbuf_printf(p->out, "%" PRIu64, c->end);
	}
}

static void print_entry(struct printer *p, const struct component *c, uint32_t offset)
{
	p->separator = "";
	print_ids(p, c);
	if (printer_wants(p, PRINT_COMP_FLAGS))
		print_comp_flags(p, c);
	if (printer_wants(p, PRINT_PARITY))
		print_parity(p, c);
	print_extent(p, c);
	strbuf_printf(p->out, "%s", p->separator);
	if (!p->opt->yaml && printer_wants(p, PRINT_DETAIL)) {
		strbuf_printf(p->out, "    lcme_offset:         %" PRIu32 "\n", offset);
		strbuf_printf(p->out, "    lcme_size:           %" PRIu32 "\n",
			      print_view_comp_bytes(p->layout, c, p->ctx));
	}
	if (p->opt->yaml || printer_wants(p, PRINT_DETAIL))
		strbuf_printf(p->out, "    sub_layout:\n");
	print_plain(p, c, true);
}

static bool filtered(const struct print_options *opt)
{
	return opt->by_id || opt->by_mirror || opt->by_flags || opt->by_start || opt->by_end ||
	       opt->by_ost;
}

/* The component to show where one stands for all: the last instantiated one, of a directory the
 * last. */
static uint32_t representative(const struct printer *p)
{
	const struct layout *l = p->layout;
	uint32_t i = 0;

	while (i < l->count && print_view_instantiated(l, &l->comps[i], p->ctx->is_directory))
		i++;
	return i == 0 ? l->count - 1 : i - 1;
}

void print_composite(struct printer *p)
{
	const struct layout *l = p->layout;
	uint32_t offset = print_view_entries_bytes(l);
	bool one = (p->fields & PRINT_DEFAULT) != PRINT_DEFAULT && !filtered(p->opt);

	print_header(p);
	for (uint32_t i = 0; i < l->count; i++) {
		const struct component *c = &l->comps[i];

		if (one ? i == representative(p) : print_view_shows(l, c, p->opt))
			print_entry(p, c, offset);
		offset += print_view_comp_bytes(l, c, p->ctx);
	}
}
