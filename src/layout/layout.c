/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layout/layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Counts references of layouts that the holder only reads: the count isn't part of what is const.
 */
static struct layout *writable(const struct layout *l)
{
	return (struct layout *)(uintptr_t)l;
}

static void component_plain_defaults(struct component *c)
{
	c->end = LAYOUT_EOF;
	c->magic = LAYOUT_MAGIC_V1;
	c->pattern = PATTERN_RAID0;
}

struct layout *layout_new(enum layout_kind kind, uint32_t count)
{
	struct layout *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	atomic_init(&l->refs, 1);
	l->kind = kind;
	l->mirror_count = 1;
	if (kind == LAYOUT_COMPOSITE)
		l->magic = LAYOUT_MAGIC_COMPOSITE;
	if (count) {
		l->comps = calloc(count, sizeof(*l->comps));
		if (!l->comps) {
			free(l);
			return NULL;
		}
	}
	l->count = count;
	if (kind == LAYOUT_PLAIN && count == 1)
		component_plain_defaults(&l->comps[0]);
	return l;
}

struct layout *layout_ref(const struct layout *l)
{
	struct layout *shared = writable(l);

	if (shared)
		atomic_fetch_add_explicit(&shared->refs, 1, memory_order_relaxed);
	return shared;
}

static void layout_free(struct layout *l)
{
	for (uint32_t i = 0; i < l->count; i++)
		free(l->comps[i].objects);
	free(l->comps);
	free(l->foreign_value);
	free(l);
}

void layout_unref(const struct layout *l)
{
	struct layout *shared = writable(l);

	/* Acquire and release: whoever frees has seen what every other holder did. */
	if (shared && atomic_fetch_sub_explicit(&shared->refs, 1, memory_order_acq_rel) == 1)
		layout_free(shared);
}

/* Everything of `from` but the objects, which `to` keeps having none of. */
static void component_copy_fields(struct component *to, const struct component *from)
{
	*to = *from;
	to->objects = NULL;
	to->object_count = 0;
}

static int component_copy(struct component *to, const struct component *from)
{
	int err;

	component_copy_fields(to, from);
	if (!from->object_count)
		return 0;
	err = component_set_objects(to, from->object_count);
	if (!err)
		memcpy(to->objects, from->objects, from->object_count * sizeof(*to->objects));
	return err;
}

/* A layout with the header fields of `l`, `l->count` zeroed components and its foreign value. */
static struct layout *clone_header(const struct layout *l)
{
	struct layout *copy = layout_new(l->kind, l->count);

	if (!copy)
		return NULL;
	copy->magic = l->magic;
	copy->gen = l->gen;
	copy->flags = l->flags;
	copy->mirror_count = l->mirror_count;
	copy->parity_count = l->parity_count;
	copy->foreign_type = l->foreign_type;
	copy->foreign_flags = l->foreign_flags;
	if (l->foreign_len_bytes) {
		copy->foreign_value = malloc(l->foreign_len_bytes);
		if (!copy->foreign_value) {
			layout_unref(copy);
			return NULL;
		}
		memcpy(copy->foreign_value, l->foreign_value, l->foreign_len_bytes);
		copy->foreign_len_bytes = l->foreign_len_bytes;
	}
	return copy;
}

struct layout *layout_clone(const struct layout *l)
{
	CLEANUP_LAYOUT struct layout *copy = clone_header(l);

	for (uint32_t i = 0; copy && i < l->count; i++) {
		if (component_copy(&copy->comps[i], &l->comps[i]))
			return NULL;
	}
	return PTR_STEAL(copy);
}

int component_set_objects(struct component *c, uint16_t count)
{
	struct layout_object *objects = NULL;

	if (count) {
		objects = calloc(count, sizeof(*objects));
		if (!objects)
			return -ENOMEM;
	}
	free(c->objects);
	c->objects = objects;
	c->object_count = count;
	return 0;
}

bool component_instantiated(const struct layout *l, const struct component *c)
{
	if (l->kind == LAYOUT_COMPOSITE)
		return c->flags & COMP_INIT;
	return c->object_count != 0 && c->magic != LAYOUT_MAGIC_SPECIFIC;
}

bool layout_has_objects(const struct layout *l)
{
	for (uint32_t i = 0; i < l->count; i++) {
		if (component_instantiated(l, &l->comps[i]))
			return true;
	}
	return false;
}

bool component_has_data(const struct component *c)
{
	return !(c->flags & (COMP_EXTENSION | COMP_PARITY)) &&
	       (c->pattern & ~(uint32_t)PATTERN_OVERSTRIPED) == PATTERN_RAID0;
}

uint64_t layout_mdt_bytes(const struct layout *l)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < l->count; i++) {
		if (component_on_mdt(&l->comps[i]))
			end = MAX_OF(end, l->comps[i].end);
	}
	return end;
}

int layout_find(const struct layout *l, uint32_t mirror_id, uint64_t offset)
{
	for (uint32_t i = 0; i < l->count; i++) {
		const struct component *c = &l->comps[i];

		if (offset < c->start || offset >= c->end)
			continue;
		if (l->kind == LAYOUT_PLAIN || component_mirror_id(c) == mirror_id)
			return (int)i;
	}
	return -1;
}

static bool object_equal(const struct layout_object *a, const struct layout_object *b)
{
	return fid_equal(a->fid, b->fid) && a->gen == b->gen && a->ost_idx == b->ost_idx;
}

static bool component_entry_equal(const struct component *a, const struct component *b)
{
	return a->id == b->id && a->flags == b->flags && a->start == b->start && a->end == b->end &&
	       a->entry_gen == b->entry_gen && a->timestamp == b->timestamp &&
	       a->link_id == b->link_id && a->data_stripes == b->data_stripes &&
	       a->parity_stripes == b->parity_stripes && a->compression == b->compression;
}

static bool component_stripes_equal(const struct component *a, const struct component *b)
{
	if (a->magic != b->magic || a->pattern != b->pattern || a->owner_oid != b->owner_oid ||
	    a->owner_seq != b->owner_seq || a->stripe_size != b->stripe_size ||
	    a->stripe_count != b->stripe_count || a->offset_or_gen != b->offset_or_gen ||
	    strcmp(a->pool, b->pool) != 0 || a->object_count != b->object_count)
		return false;
	for (uint32_t i = 0; i < a->object_count; i++) {
		if (!object_equal(&a->objects[i], &b->objects[i]))
			return false;
	}
	return true;
}

static bool header_equal(const struct layout *a, const struct layout *b)
{
	if (a->kind != b->kind || a->count != b->count)
		return false;
	if (a->kind == LAYOUT_COMPOSITE)
		return a->magic == b->magic && a->gen == b->gen && a->flags == b->flags &&
		       a->mirror_count == b->mirror_count && a->parity_count == b->parity_count;
	if (a->kind == LAYOUT_FOREIGN)
		return a->foreign_type == b->foreign_type && a->foreign_flags == b->foreign_flags &&
		       a->foreign_len_bytes == b->foreign_len_bytes &&
		       (a->foreign_len_bytes == 0 ||
			memcmp(a->foreign_value, b->foreign_value, a->foreign_len_bytes) == 0);
	return true;
}

bool layout_equal(const struct layout *a, const struct layout *b)
{
	if (!header_equal(a, b))
		return false;
	for (uint32_t i = 0; i < a->count; i++) {
		if (!component_entry_equal(&a->comps[i], &b->comps[i]) ||
		    !component_stripes_equal(&a->comps[i], &b->comps[i]))
			return false;
	}
	return true;
}
