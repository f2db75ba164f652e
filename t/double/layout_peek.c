/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layout_peek.h"

#include "lovfs.h"
#include "lustre.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES 32
#define ENTRY_BYTES 48
#define OBJECT_BYTES 24

static uint64_t number(const unsigned char *p, unsigned int bytes)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < bytes; i++)
		n |= (uint64_t)p[i] << (8 * i);
	return n;
}

static bool read_entries(struct layout_peek *l)
{
	l->count = (unsigned int)number(l->bytes + 14, 2);
	l->mirror_count = (unsigned int)number(l->bytes + 16, 2) + 1;
	if (l->count > PEEK_COMPONENTS_MAX ||
	    l->len_bytes < HEADER_BYTES + (size_t)l->count * ENTRY_BYTES)
		return false;
	for (unsigned int i = 0; i < l->count; i++) {
		const unsigned char *e = l->bytes + HEADER_BYTES + i * ENTRY_BYTES;
		struct peek_component *c = &l->comps[i];

		*c = (struct peek_component){
			.id = (uint32_t)number(e, 4),
			.flags = (uint32_t)number(e + 4, 4),
			.start = number(e + 8, 8),
			.end = number(e + 16, 8),
			.offset = (uint32_t)number(e + 24, 4),
			.len_bytes = (uint32_t)number(e + 28, 4),
		};
		if ((uint64_t)c->offset + c->len_bytes > l->len_bytes ||
		    c->len_bytes < HEADER_BYTES)
			return false;
	}
	return true;
}

static bool read_all(struct layout_peek *l)
{
	if (l->len_bytes < HEADER_BYTES)
		return false;
	l->magic = (uint32_t)number(l->bytes, 4);
	if (l->magic == LUSTRE_MAGIC_COMPOSITE)
		return read_entries(l);
	l->mirror_count = 1;
	l->count = 1;
	l->comps[0] =
		(struct peek_component){ .end = UINT64_MAX, .len_bytes = (uint32_t)l->len_bytes };
	return true;
}

struct layout_peek *layout_peek(const char *path)
{
	struct layout_peek *l = calloc(1, sizeof(*l));
	ssize_t n = l ? lovfs_layout(path, l->bytes, sizeof(l->bytes)) : -1;

	if (n > 0) {
		l->len_bytes = (size_t)n;
		if (read_all(l))
			return l;
	}
	free(l);
	return NULL;
}

static uint32_t mirror_of(const struct peek_component *c)
{
	return c->id >> 16;
}

unsigned int layout_peek_stale(const struct layout_peek *l, uint32_t ids[LOVFS_MIRRORS_MAX])
{
	unsigned int count = 0;

	for (unsigned int i = 0; l->mirror_count > 1 && i < l->count; i++) {
		bool known = false;

		for (unsigned int k = 0; k < count; k++)
			known |= ids[k] == mirror_of(&l->comps[i]);
		if ((l->comps[i].flags & LUSTRE_COMP_STALE) && !known && count < LOVFS_MIRRORS_MAX)
			ids[count++] = mirror_of(&l->comps[i]);
	}
	return count;
}

static bool is_named(uint32_t id, const uint32_t *ids, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		if (ids[i] == id)
			return true;
	}
	return false;
}

bool layout_peek_all_named(const struct layout_peek *l, uint32_t mirror_id, const uint32_t *ids,
			   unsigned int count)
{
	for (unsigned int i = 0; i < l->count; i++) {
		const struct peek_component *c = &l->comps[i];

		if (mirror_of(c) == mirror_id && (c->flags & LUSTRE_COMP_STALE) &&
		    !is_named(c->id, ids, count))
			return false;
	}
	return true;
}

bool layout_peek_only_stale(const struct layout_peek *l, const uint32_t *ids, unsigned int count)
{
	unsigned int i, k;

	for (i = 0; i < count; i++) {
		for (k = 0; k < l->count; k++) {
			if (l->comps[k].id == ids[i] && (l->comps[k].flags & LUSTRE_COMP_STALE))
				break;
		}
		if (k == l->count)
			return false;
	}
	return true;
}

static int ost_in(const struct layout_peek *l, const struct peek_component *c, uint64_t offset)
{
	const unsigned char *plain = l->bytes + c->offset;
	uint64_t header = number(plain, 4) == LUSTRE_MAGIC_V1 ? 32 : 48;
	uint64_t size = number(plain + 24, 4), count = number(plain + 28, 2), at;

	if (!size || !count)
		return -1;
	at = header + offset / size % count * OBJECT_BYTES;
	return at + OBJECT_BYTES > c->len_bytes ? -1 : (int)number(plain + at + 20, 4);
}

int layout_peek_ost(const struct layout_peek *l, uint32_t mirror_id, uint64_t offset)
{
	for (unsigned int i = 0; i < l->count; i++) {
		const struct peek_component *c = &l->comps[i];

		if ((l->mirror_count == 1 || mirror_of(c) == mirror_id) && offset >= c->start &&
		    offset < c->end)
			return ost_in(l, c, offset);
	}
	return -1;
}
