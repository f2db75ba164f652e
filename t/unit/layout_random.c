/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layout_random.h"

void random_objects(struct random_source *r, struct component *c, uint16_t count)
{
	if (component_set_objects(c, count))
		abort();
	for (uint32_t i = 0; i < count; i++) {
		c->objects[i].fid.seq = random_u64(r);
		c->objects[i].fid.oid = (uint32_t)random_range(r, 1, UINT32_MAX);
		c->objects[i].fid.ver = (uint32_t)random_u64(r);
		c->objects[i].gen = (uint32_t)random_u64(r);
		c->objects[i].ost_idx = (uint32_t)random_range(r, 0, 31);
	}
}

static void random_pool(struct random_source *r, struct component *c)
{
	uint64_t len = random_range(r, 0, LAYOUT_POOL_NAME_MAX);

	c->magic = random_range(r, 0, 3) ? LAYOUT_MAGIC_V3 : LAYOUT_MAGIC_SPECIFIC;
	for (uint64_t i = 0; i < len; i++)
		c->pool[i] = (char)random_range(r, 'a', 'z');
}

/* Any values that the bytes can hold: well formed, not sensible. */
static void random_component(struct random_source *r, struct component *c)
{
	c->magic = LAYOUT_MAGIC_V1;
	if (random_range(r, 0, 1))
		random_pool(r, c);
	c->pattern = (uint32_t)random_u64(r);
	c->owner_oid = random_u64(r);
	c->owner_seq = random_u64(r);
	c->stripe_size = (uint32_t)random_u64(r);
	c->stripe_count = (uint16_t)random_range(r, 0, random_range(r, 0, 9) ? 8 : 300);
	c->offset_or_gen = (uint16_t)random_u64(r);
	if (random_range(r, 0, 1))
		random_objects(r, c, c->stripe_count);
}

static void random_entry(struct random_source *r, struct component *c)
{
	c->id = (uint32_t)random_u64(r);
	c->flags = (uint32_t)random_u64(r);
	c->start = random_u64(r);
	c->end = random_u64(r);
	c->entry_gen = (uint32_t)random_u64(r);
	c->timestamp = random_u64(r) >> 16;
	c->link_id = (uint16_t)random_u64(r);
	c->data_stripes = (uint8_t)random_u64(r);
	c->parity_stripes = (uint8_t)random_u64(r);
	c->compression = (uint16_t)random_u64(r);
}

static struct layout *random_foreign(struct random_source *r)
{
	struct layout *l = layout_new(LAYOUT_FOREIGN, 0);

	if (!l)
		abort();
	l->foreign_type = (uint32_t)random_u64(r);
	l->foreign_flags = (uint32_t)random_u64(r);
	l->foreign_len_bytes = (uint32_t)random_range(r, 0, 100);
	if (l->foreign_len_bytes) {
		l->foreign_value = malloc(l->foreign_len_bytes);
		if (!l->foreign_value)
			abort();
		for (uint32_t i = 0; i < l->foreign_len_bytes; i++)
			l->foreign_value[i] = (uint8_t)random_u64(r);
	}
	return l;
}

struct layout *random_layout(struct random_source *r)
{
	enum layout_kind kind = (enum layout_kind)random_range(r, LAYOUT_PLAIN, LAYOUT_FOREIGN);
	uint32_t count = kind == LAYOUT_COMPOSITE ? (uint32_t)random_range(r, 1, 8) : 1;
	struct layout *l;

	if (kind == LAYOUT_FOREIGN)
		return random_foreign(r);
	l = layout_new(kind, count);
	if (!l)
		abort();
	for (uint32_t i = 0; i < count; i++) {
		random_component(r, &l->comps[i]);
		if (kind == LAYOUT_COMPOSITE)
			random_entry(r, &l->comps[i]);
	}
	if (kind == LAYOUT_COMPOSITE) {
		l->magic = random_range(r, 0, 3) ? LAYOUT_MAGIC_COMPOSITE : LAYOUT_MAGIC_SEL;
		l->gen = (uint32_t)random_u64(r);
		l->flags = (uint16_t)random_u64(r);
		l->mirror_count = (uint16_t)random_range(r, 1, UINT16_MAX);
		l->parity_count = (uint8_t)random_u64(r);
	}
	return l;
}

struct layout *random_file_layout(struct random_source *r, uint32_t mirrors, bool gaps)
{
	uint32_t counts[LAYOUT_MIRRORS_MAX], total = 0, idx = 0;
	struct layout *l;

	for (uint32_t m = 0; m < mirrors; m++)
		total += counts[m] = (uint32_t)random_range(r, 1, 4);
	l = layout_new(LAYOUT_COMPOSITE, total);
	if (!l)
		abort();
	l->mirror_count = (uint16_t)mirrors;
	for (uint32_t m = 0; m < mirrors; m++) {
		uint64_t start = 0;

		for (uint32_t i = 0; i < counts[m]; i++, idx++) {
			struct component *c = &l->comps[idx];
			bool last = i + 1 == counts[m];

			c->id = (mirrors > 1 ? (m + 1) << 16 : 0) | (idx + 1);
			c->flags = COMP_INIT;
			c->magic = LAYOUT_MAGIC_V1;
			c->pattern = PATTERN_RAID0;
			c->start = start;
			start += random_range(r, 1, 64) * LAYOUT_STRIPE_SIZE_MIN;
			c->end = last && !gaps ? LAYOUT_EOF : start;
			c->stripe_size = (uint32_t)random_range(r, 1, 8) * LAYOUT_STRIPE_SIZE_MIN;
			c->stripe_count = (uint16_t)random_range(r, 1, 6);
			random_objects(r, c, c->stripe_count);
		}
	}
	return l;
}
