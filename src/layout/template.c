/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layout/template.h"

#include <string.h>

/* What a new file may ask for; the rest only happens to existing ones. */
#define REQUEST_FLAGS                                                                              \
	((uint32_t)(COMP_PREFER_READ | COMP_PREFER_WRITE | COMP_NOSYNC | COMP_EXTENSION |          \
		    COMP_PARITY))

static void component_to_request(struct component *c)
{
	bool has_objects = c->object_count != 0;

	c->id &= ~0xffffu;
	c->flags &= REQUEST_FLAGS;
	c->entry_gen = 0;
	c->timestamp = 0;
	c->link_id = 0;
	c->owner_oid = 0;
	c->owner_seq = 0;
	if (has_objects)
		c->offset_or_gen = LAYOUT_OFFSET_ANY;
	c->magic = c->pool[0] ? LAYOUT_MAGIC_V3 : LAYOUT_MAGIC_V1;
	c->pattern &= ~(uint32_t)(PATTERN_F_HOLE | PATTERN_F_RELEASED);
}

/*
 * What a self-extending component has grown to becomes again what can be asked for: one extension at the front of
 * the file, nothing elsewhere. The first component of a mirror begins at 0, others don't.
 */
static void reset_extension(struct component *grown, struct component *rest)
{
	uint64_t size = (uint64_t)rest->stripe_size << 10;
	uint64_t end = grown->start == 0 ? size : grown->start;

	if (grown->flags & COMP_EXTENSION || component_on_mdt(grown) || grown->end != rest->start ||
	    end >= rest->end)
		return; /* no such pair */
	grown->end = rest->start = end;
}

static void reset_extensions(struct layout *l)
{
	for (uint32_t i = 1; i < l->count; i++) {
		if (l->comps[i].flags & COMP_EXTENSION)
			reset_extension(&l->comps[i - 1], &l->comps[i]);
	}
}

/* Asks for the OSTs of the objects there are. Those of a released file name none. */
static bool asks_for_osts(const struct component *c)
{
	return c->object_count != 0 && !(c->pattern & (uint32_t)PATTERN_F_RELEASED);
}

struct layout *layout_to_request(const struct layout *l, bool same_osts)
{
	CLEANUP_LAYOUT struct layout *copy = layout_clone(l);

	if (!copy)
		return NULL;
	copy->gen = 0;
	copy->flags = 0;
	if (copy->kind == LAYOUT_COMPOSITE)
		copy->magic = LAYOUT_MAGIC_COMPOSITE;
	for (uint32_t i = 0; i < copy->count; i++) {
		struct component *c = &copy->comps[i];
		bool specific = same_osts && asks_for_osts(c);
		uint16_t keep = specific ? c->object_count : 0;

		component_to_request(c);
		if (specific)
			c->magic = LAYOUT_MAGIC_SPECIFIC;
		for (uint32_t o = 0; o < keep; o++)
			c->objects[o] = (struct layout_object){ .ost_idx = c->objects[o].ost_idx };
		if (!keep && component_set_objects(c, 0))
			return NULL;
	}
	reset_extensions(copy);
	return PTR_STEAL(copy);
}

/* What is in a component's own header of a plain layout stays there; the extent is all of the file. */
struct layout *layout_as_composite(const struct layout *l)
{
	struct layout *composite;

	if (l->kind != LAYOUT_PLAIN)
		return layout_ref(l);
	composite = layout_clone(l);
	if (!composite)
		return NULL;
	composite->kind = LAYOUT_COMPOSITE;
	composite->magic = LAYOUT_MAGIC_COMPOSITE;
	composite->comps[0].start = 0;
	composite->comps[0].end = LAYOUT_EOF;
	if (layout_has_objects(l))
		composite->comps[0].flags |= COMP_INIT;
	return composite;
}
