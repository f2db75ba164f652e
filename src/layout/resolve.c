/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layout/resolve.h"

#include "layout/mirror.h"
#include "layout/mirror_impl.h"

#include <errno.h>

/*
 * The default stripe size where the component's end is a multiple of it; otherwise the largest
 * power of two that the end is a multiple of. Source: lod_adjust_stripe_size() of Lustre.
 */
static uint32_t fitting_stripe_size(uint32_t size, uint64_t end)
{
	uint64_t lowest_bit = end & (~end + 1);

	if (end == LAYOUT_EOF || end % size == 0)
		return size;
	return (uint32_t)MIN_OF(lowest_bit, (uint64_t)LAYOUT_STRIPE_SIZE_MAX);
}

static void resolve_component(struct component *c, const struct component *defaults)
{
	bool osts_named = c->magic == LAYOUT_MAGIC_SPECIFIC;
	uint32_t size = defaults && defaults->stripe_size ? defaults->stripe_size
							  : LAYOUT_DEFAULT_STRIPE_SIZE;
	uint16_t count = defaults && defaults->stripe_count ? defaults->stripe_count
							    : LAYOUT_DEFAULT_STRIPE_COUNT;

	if (c->pattern == 0)
		c->pattern = PATTERN_RAID0;
	if (!osts_named)
		c->magic = c->pool[0] ? LAYOUT_MAGIC_V3 : LAYOUT_MAGIC_V1;
	if (c->stripe_size == 0)
		c->stripe_size = fitting_stripe_size(size, c->end);
	if (c->stripe_count == 0 && component_has_data(c))
		c->stripe_count = osts_named && c->object_count ? c->object_count : count;
}

/* Numbers components in the order of the layout, through all mirrors, as Lustre does: 65537,
 * 131074, ... */
static void resolve_ids(struct layout *l)
{
	for (uint32_t i = 0; i < l->count; i++) {
		struct component *c = &l->comps[i];
		uint32_t mirror = mirror_id_at(l, i);
		uint32_t number = c->id & 0xffff ? c->id & 0xffff : i + 1;

		c->id = mirror << 16 | number;
	}
}

int layout_resolve(const struct layout *request, const struct layout *defaults,
		   struct layout **ret_layout)
{
	struct layout *l = layout_clone(request);
	const struct component *from = NULL;

	if (!l)
		return -ENOMEM;
	if (defaults && defaults->kind == LAYOUT_PLAIN)
		from = &defaults->comps[0];
	if (l->kind == LAYOUT_COMPOSITE)
		resolve_ids(l);
	for (uint32_t i = 0; i < l->count; i++)
		resolve_component(&l->comps[i], from);
	/* A file without data has mirrors that are alike. */
	mirror_set_state(l, mirror_settled_state(l));
	*ret_layout = l;
	return 0;
}
