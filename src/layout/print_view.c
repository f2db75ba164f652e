/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layout/print_view.h"

#define COMPOSITE_BYTES 32u
#define ENTRY_BYTES 48u
#define V1_BYTES 32u
#define V3_BYTES 48u
#define OBJECT_BYTES 24u

static bool passes(uint64_t value, uint64_t wanted, enum print_sign sign)
{
	if (sign == PRINT_LESS)
		return value < wanted;
	if (sign == PRINT_MORE)
		return value > wanted;
	return value == wanted;
}

static bool component_on_ost(const struct component *c, uint32_t ost_idx)
{
	for (uint32_t i = 0; i < c->object_count; i++) {
		if (c->objects[i].ost_idx == ost_idx)
			return true;
	}
	return false;
}

static uint32_t shown_flags(const struct layout *l, const struct component *c)
{
	if (l->kind == LAYOUT_PLAIN && component_instantiated(l, c))
		return c->flags | COMP_INIT;
	return c->flags;
}

bool print_view_shows(const struct layout *l, const struct component *c,
		      const struct print_options *opt)
{
	uint32_t flags = shown_flags(l, c);

	if (opt->by_flags &&
	    ((flags & opt->flags_set) != opt->flags_set || flags & opt->flags_clear))
		return false;
	if (opt->by_id && c->id != opt->id)
		return false;
	if (opt->by_mirror && component_mirror_id(c) != opt->mirror_id)
		return false;
	if (opt->by_start && !passes(c->start, opt->start, opt->start_sign))
		return false;
	if (opt->by_end && !passes(c->end, opt->end, opt->end_sign))
		return false;
	return !opt->by_ost || component_on_ost(c, opt->ost_idx);
}

bool print_view_has_ost(const struct layout *l, const struct print_options *opt)
{
	if (!opt->by_ost)
		return true;
	for (uint32_t i = 0; i < l->count; i++) {
		if (component_on_ost(&l->comps[i], opt->ost_idx))
			return true;
	}
	return false;
}

bool print_view_instantiated(const struct layout *l, const struct component *c, bool is_directory)
{
	return !is_directory && component_instantiated(l, c);
}

static bool on_mdt(const struct component *c)
{
	return c->pattern & PATTERN_MDT;
}

bool print_view_lists_objects(const struct layout *l, const struct component *c, bool is_directory)
{
	if (is_directory)
		return c->magic == LAYOUT_MAGIC_SPECIFIC && c->object_count;
	return component_instantiated(l, c) && c->object_count && !on_mdt(c) &&
	       !(c->pattern & (uint32_t)PATTERN_F_RELEASED);
}

int32_t print_view_stripe_count(const struct component *c, const struct print_context *ctx,
				bool raw)
{
	if (c->flags & COMP_EXTENSION)
		return 0;
	if (ctx->is_directory && !raw && c->stripe_count == 0 && !on_mdt(c))
		return ctx->default_stripe_count;
	return (int16_t)c->stripe_count;
}

uint64_t print_view_stripe_size(const struct component *c, const struct print_context *ctx,
				bool raw)
{
	if (ctx->is_directory && !raw && c->stripe_size == 0)
		return ctx->default_stripe_size;
	return c->flags & COMP_EXTENSION ? (uint64_t)c->stripe_size << 10 : c->stripe_size;
}

uint32_t print_view_generation(const struct layout *l, const struct component *c,
			       const struct print_context *ctx)
{
	if (!component_instantiated(l, c))
		return 0;
	if (c->offset_or_gen != LAYOUT_OFFSET_ANY)
		return c->offset_or_gen;
	return l->kind == LAYOUT_PLAIN ? ctx->layout_gen : 0;
}

int64_t print_view_stripe_offset(const struct layout *l, const struct component *c,
				 const struct print_context *ctx)
{
	if (!ctx->is_directory && on_mdt(c))
		return c->offset_or_gen == LAYOUT_OFFSET_ANY ? ctx->mdt_idx : c->offset_or_gen;
	if (print_view_instantiated(l, c, ctx->is_directory) && c->object_count)
		return c->objects[0].ost_idx;
	return c->offset_or_gen == LAYOUT_OFFSET_ANY ? -1 : (int64_t)c->offset_or_gen;
}

uint32_t print_view_comp_bytes(const struct layout *l, const struct component *c,
			       const struct print_context *ctx)
{
	uint32_t header = c->magic == LAYOUT_MAGIC_V1 ? V1_BYTES : V3_BYTES;

	if (!ctx->is_directory && !component_instantiated(l, c) && !on_mdt(c))
		return header + OBJECT_BYTES;
	return header + c->object_count * OBJECT_BYTES;
}

uint32_t print_view_entries_bytes(const struct layout *l)
{
	return COMPOSITE_BYTES + l->count * ENTRY_BYTES;
}

struct fid print_view_owner(const struct component *c, const struct print_context *ctx)
{
	uint64_t oid = c->owner_oid;

	if (ctx->is_directory || (c->owner_seq == 0 && oid == 0))
		return ctx->fid;
	/* Lustre 1.x stored an inode number and no sequence. */
	if (c->owner_seq == 0)
		return (struct fid){ .seq = oid, .ver = (uint32_t)(oid >> 32) };
	return (struct fid){ .seq = c->owner_seq,
			     .oid = (uint32_t)oid,
			     .ver = (uint32_t)(oid >> 32) };
}
