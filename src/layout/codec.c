/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layout/codec.h"

#include "base/cursor.h"
#include "base/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the parts; the fields are in the order in which they are read and written below. */
#define V1_BYTES 32u
#define POOL_BYTES 16u
#define OBJECT_BYTES 24u
#define COMPOSITE_BYTES 32u
#define ENTRY_BYTES 48u
#define FOREIGN_BYTES 16u
#define COMPOSITE_PADDING 13u /* at the end of a composite's header: zeros */
#define TIMESTAMP_BITS 48     /* below the link id, in one 64-bit number */

_Static_assert(LAYOUT_POOL_NAME_MAX + 1 == POOL_BYTES,
	       "a pool's name with its NUL fills the field");
_Static_assert(LAYOUT_BYTES_MAX / (ENTRY_BYTES + V1_BYTES) <= LAYOUT_COMPONENTS_MAX,
	       "what is too many components is too many bytes");

/* Where one component's plain layout lies in the whole. */
struct place {
	uint32_t offset, len_bytes;
};

static bool has_pool_field(const struct component *c)
{
	return c->magic != LAYOUT_MAGIC_V1;
}

static size_t header_len(const struct component *c)
{
	return V1_BYTES + (has_pool_field(c) ? POOL_BYTES : 0);
}

static size_t component_len(const struct component *c)
{
	return header_len(c) + (size_t)c->object_count * OBJECT_BYTES;
}

/* --- decoding
 * -----------------------------------------------------------------------------------------------------
 */

/* The name is NUL-ended, and nothing hides behind the NUL. */
static bool pool_is_clean(const uint8_t field[POOL_BYTES])
{
	size_t len = strnlen((const char *)field, POOL_BYTES);

	for (size_t i = len; i < POOL_BYTES; i++) {
		if (field[i])
			return false;
	}
	return len < POOL_BYTES;
}

static int pool_decode(struct reader *r, struct component *c, size_t at)
{
	uint8_t field[POOL_BYTES];

	bytes_get(r, field, sizeof(field));
	if (r->bad)
		return 0; /* said by the caller */
	if (!pool_is_clean(field))
		return fail(-EUCLEAN, "layout: pool name at offset %zu is not NUL-padded text",
			    at + V1_BYTES);
	memcpy(c->pool, field, sizeof(c->pool));
	return 0;
}

static void object_decode(struct reader *r, struct layout_object *o)
{
	o->fid.seq = le64_get(r);
	o->fid.oid = le32_get(r);
	o->fid.ver = le32_get(r);
	o->gen = le32_get(r);
	o->ost_idx = le32_get(r);
}

/* The rest of a plain layout is its objects: as many as stripes, or none. */
static int objects_decode(struct reader *r, struct component *c, size_t at)
{
	size_t left = reader_left(r);
	size_t count = left / OBJECT_BYTES;
	int err;

	if (left % OBJECT_BYTES || (count && count != c->stripe_count))
		return fail(-EUCLEAN,
			    "layout: %zu bytes of objects at offset %zu, where %" PRIu16
			    " stripes have %zu or none",
			    left, at + r->pos, c->stripe_count,
			    (size_t)c->stripe_count * OBJECT_BYTES);
	err = component_set_objects(c, (uint16_t)count);
	for (size_t i = 0; !err && i < count; i++)
		object_decode(r, &c->objects[i]);
	return err;
}

/* One V1, V3 or SPECIFIC layout that fills the reader; `at` is its offset in the whole, for
 * messages. */
static int plain_decode(struct reader r, struct component *c, size_t at)
{
	int err = 0;

	c->magic = le32_get(&r);
	c->pattern = le32_get(&r);
	c->owner_oid = le64_get(&r);
	c->owner_seq = le64_get(&r);
	c->stripe_size = le32_get(&r);
	c->stripe_count = le16_get(&r);
	c->offset_or_gen = le16_get(&r);
	if (!r.bad && c->magic != LAYOUT_MAGIC_V1 && c->magic != LAYOUT_MAGIC_V3 &&
	    c->magic != LAYOUT_MAGIC_SPECIFIC)
		return fail(-EUCLEAN,
			    "layout: magic 0x%08" PRIX32
			    " at offset %zu is not that of a plain layout",
			    c->magic, at);
	if (has_pool_field(c))
		err = pool_decode(&r, c, at);
	if (r.bad)
		return fail(-EUCLEAN,
			    "layout: cut off: plain layout at offset %zu has only %zu bytes", at,
			    r.len);
	return err ? err : objects_decode(&r, c, at);
}

static int plain_layout_decode(struct reader r, struct layout **ret_layout)
{
	CLEANUP_LAYOUT struct layout *l = layout_new(LAYOUT_PLAIN, 1);
	int err;

	if (!l)
		return -ENOMEM;
	err = plain_decode(r, &l->comps[0], 0);
	if (err)
		return err;
	/* A live Lustre answers 0xffff where it doesn't say the generation. */
	if (component_instantiated(l, &l->comps[0]) &&
	    l->comps[0].offset_or_gen != LAYOUT_OFFSET_ANY)
		l->gen = l->comps[0].offset_or_gen;
	*ret_layout = PTR_STEAL(l);
	return 0;
}

static void entry_decode(struct reader *r, struct component *c, struct place *place)
{
	uint64_t time_and_link;

	c->id = le32_get(r);
	c->flags = le32_get(r);
	c->start = le64_get(r);
	c->end = le64_get(r);
	place->offset = le32_get(r);
	place->len_bytes = le32_get(r);
	c->entry_gen = le32_get(r);
	time_and_link = le64_get(r);
	c->timestamp = time_and_link & (((uint64_t)1 << TIMESTAMP_BITS) - 1);
	c->link_id = (uint16_t)(time_and_link >> TIMESTAMP_BITS);
	c->data_stripes = le8_get(r);
	c->parity_stripes = le8_get(r);
	c->compression = le16_get(r);
}

/*
 * Reads entry `idx` and the plain layout that it points to, which begins at `expected`: after the
 * entries and the layouts before it, without a gap. *expected moves behind it.
 */
static int component_decode(struct reader *r, struct component *c, uint32_t idx, size_t *expected)
{
	struct place place;
	struct reader window;
	int err;

	entry_decode(r, c, &place);
	if (r->bad)
		return fail(-EUCLEAN, "layout: cut off in entry %" PRIu32 " of the components",
			    idx + 1);
	if (place.offset != *expected)
		return fail(-EUCLEAN,
			    "layout: entry %" PRIu32 " puts its plain layout at offset %" PRIu32
			    " instead of %zu",
			    idx + 1, place.offset, *expected);
	window = reader_window(r, place.offset, place.len_bytes);
	if (window.bad)
		return fail(-EUCLEAN,
			    "layout: entry %" PRIu32 " has %" PRIu32 " bytes at offset %" PRIu32
			    ", past the end at %zu",
			    idx + 1, place.len_bytes, place.offset, r->len);
	err = plain_decode(window, c, place.offset);
	*expected += place.len_bytes;
	return err;
}

struct composite_header {
	uint32_t magic, len_bytes, gen;
	uint16_t flags, entries, mirrors_but_one;
	uint8_t parity_count;
	bool padding_is_clean;
};

static void composite_header_decode(struct reader *r, struct composite_header *h)
{
	uint8_t padding[COMPOSITE_PADDING], sum = 0;

	h->magic = le32_get(r);
	h->len_bytes = le32_get(r);
	h->gen = le32_get(r);
	h->flags = le16_get(r);
	h->entries = le16_get(r);
	h->mirrors_but_one = le16_get(r);
	h->parity_count = le8_get(r);
	bytes_get(r, padding, sizeof(padding));
	for (size_t i = 0; i < sizeof(padding); i++)
		sum |= padding[i];
	h->padding_is_clean = sum == 0;
}

static int composite_header_check(const struct reader *r, const struct composite_header *h)
{
	if (r->bad)
		return fail(-EUCLEAN,
			    "layout: cut off: a composite header has %u bytes, there are %zu",
			    COMPOSITE_BYTES, r->len);
	if (h->len_bytes != r->len)
		return fail(-EUCLEAN, "layout: says that it has %" PRIu32 " bytes, there are %zu",
			    h->len_bytes, r->len);
	if (!h->padding_is_clean)
		return fail(-EUCLEAN, "layout: padding of the composite header is not zero");
	if (h->entries == 0)
		return fail(-EUCLEAN, "layout: composite without components");
	if (h->mirrors_but_one == UINT16_MAX)
		return fail(-EUCLEAN, "layout: %u mirrors are too many", UINT16_MAX + 1u);
	if (h->entries > LAYOUT_COMPONENTS_MAX || h->entries > reader_left(r) / ENTRY_BYTES)
		return fail(-EUCLEAN, "layout: %" PRIu16 " components don't fit into %zu bytes",
			    h->entries, r->len);
	return 0;
}

static int composite_decode(struct reader r, struct layout **ret_layout)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	struct composite_header h;
	size_t expected;
	int err;

	composite_header_decode(&r, &h);
	err = composite_header_check(&r, &h);
	if (err)
		return err;
	l = layout_new(LAYOUT_COMPOSITE, h.entries);
	if (!l)
		return -ENOMEM;
	l->magic = h.magic;
	l->gen = h.gen;
	l->flags = h.flags;
	l->mirror_count = (uint16_t)(h.mirrors_but_one + 1);
	l->parity_count = h.parity_count;
	expected = COMPOSITE_BYTES + (size_t)h.entries * ENTRY_BYTES;
	for (uint32_t i = 0; i < l->count; i++) {
		err = component_decode(&r, &l->comps[i], i, &expected);
		if (err)
			return err;
	}
	if (expected != r.len)
		return fail(-EUCLEAN, "layout: %zu bytes after its end at offset %zu",
			    r.len - expected, expected);
	*ret_layout = PTR_STEAL(l);
	return 0;
}

static int foreign_decode(struct reader r, struct layout **ret_layout)
{
	CLEANUP_LAYOUT struct layout *l = layout_new(LAYOUT_FOREIGN, 0);
	uint32_t len;

	if (!l)
		return -ENOMEM;
	(void)le32_get(&r);
	len = le32_get(&r);
	l->foreign_type = le32_get(&r);
	l->foreign_flags = le32_get(&r);
	if (r.bad || len != reader_left(&r))
		return fail(-EUCLEAN, "layout: foreign value of %" PRIu32 " bytes in %zu bytes",
			    len, r.len);
	if (len) {
		l->foreign_value = malloc(len);
		if (!l->foreign_value)
			return -ENOMEM;
		bytes_get(&r, l->foreign_value, len);
	}
	l->foreign_len_bytes = len;
	*ret_layout = PTR_STEAL(l);
	return 0;
}

int layout_decode(const void *bytes, size_t len_bytes, struct layout **ret_layout)
{
	struct reader r = reader_of(bytes, len_bytes);
	struct reader peek = r;
	uint32_t magic = le32_get(&peek);

	if (peek.bad)
		return fail(-EUCLEAN, "layout: %zu bytes are too few for any", len_bytes);
	if (len_bytes > LAYOUT_BYTES_MAX)
		return fail(-EUCLEAN, "layout: %zu bytes are too many, the limit is %d", len_bytes,
			    LAYOUT_BYTES_MAX);
	switch (magic) {
	case LAYOUT_MAGIC_V1:
	case LAYOUT_MAGIC_V3:
	case LAYOUT_MAGIC_SPECIFIC:
		return plain_layout_decode(r, ret_layout);
	case LAYOUT_MAGIC_COMPOSITE:
	case LAYOUT_MAGIC_SEL:
		return composite_decode(r, ret_layout);
	case LAYOUT_MAGIC_FOREIGN:
		return foreign_decode(r, ret_layout);
	default:
		return fail(-EUCLEAN, "layout: unknown magic 0x%08" PRIX32 " at offset 0", magic);
	}
}

size_t layout_stated_len(const void *bytes, size_t cap_bytes)
{
	struct reader r = reader_of(bytes, cap_bytes);
	uint32_t magic = le32_get(&r), size = le32_get(&r);
	size_t len = 0;

	reader_take(&r, 20); /* up to the stripe count of a plain one */
	if (magic == LAYOUT_MAGIC_V1)
		len = V1_BYTES;
	else if (magic == LAYOUT_MAGIC_V3)
		len = V1_BYTES + POOL_BYTES;
	else if (magic == LAYOUT_MAGIC_SPECIFIC)
		len = V1_BYTES + POOL_BYTES + (size_t)le16_get(&r) * OBJECT_BYTES;
	else if (magic == LAYOUT_MAGIC_COMPOSITE || magic == LAYOUT_MAGIC_SEL)
		len = size;
	return r.bad || len > cap_bytes ? 0 : len;
}

/* --- encoding
 * -----------------------------------------------------------------------------------------------------
 */

static void plain_encode(struct writer *w, const struct component *c)
{
	le32_put(w, c->magic);
	le32_put(w, c->pattern);
	le64_put(w, c->owner_oid);
	le64_put(w, c->owner_seq);
	le32_put(w, c->stripe_size);
	le16_put(w, c->stripe_count);
	le16_put(w, c->offset_or_gen);
	if (has_pool_field(c)) {
		size_t len = strnlen(c->pool, LAYOUT_POOL_NAME_MAX);

		bytes_put(w, c->pool, len);
		zeros_put(w, POOL_BYTES - len);
	}
	for (uint32_t i = 0; i < c->object_count; i++) {
		const struct layout_object *o = &c->objects[i];

		le64_put(w, o->fid.seq);
		le32_put(w, o->fid.oid);
		le32_put(w, o->fid.ver);
		le32_put(w, o->gen);
		le32_put(w, o->ost_idx);
	}
}

static void entry_encode(struct writer *w, const struct component *c, size_t offset)
{
	uint64_t time = c->timestamp & (((uint64_t)1 << TIMESTAMP_BITS) - 1);

	le32_put(w, c->id);
	le32_put(w, c->flags);
	le64_put(w, c->start);
	le64_put(w, c->end);
	le32_put(w, (uint32_t)offset);
	le32_put(w, (uint32_t)component_len(c));
	le32_put(w, c->entry_gen);
	le64_put(w, (uint64_t)c->link_id << TIMESTAMP_BITS | time);
	le8_put(w, c->data_stripes);
	le8_put(w, c->parity_stripes);
	le16_put(w, c->compression);
}

static void composite_encode(struct writer *w, const struct layout *l)
{
	size_t offset = COMPOSITE_BYTES + (size_t)l->count * ENTRY_BYTES;

	le32_put(w, l->magic);
	le32_put(w, (uint32_t)layout_encoded_len(l));
	le32_put(w, l->gen);
	le16_put(w, l->flags);
	le16_put(w, (uint16_t)l->count);
	le16_put(w, (uint16_t)(l->mirror_count - 1));
	le8_put(w, l->parity_count);
	zeros_put(w, COMPOSITE_PADDING);
	for (uint32_t i = 0; i < l->count; i++) {
		entry_encode(w, &l->comps[i], offset);
		offset += component_len(&l->comps[i]);
	}
	for (uint32_t i = 0; i < l->count; i++)
		plain_encode(w, &l->comps[i]);
}

static void foreign_encode(struct writer *w, const struct layout *l)
{
	le32_put(w, LAYOUT_MAGIC_FOREIGN);
	le32_put(w, l->foreign_len_bytes);
	le32_put(w, l->foreign_type);
	le32_put(w, l->foreign_flags);
	bytes_put(w, l->foreign_value, l->foreign_len_bytes);
}

size_t layout_encoded_len(const struct layout *l)
{
	size_t len = 0;

	if (l->kind == LAYOUT_FOREIGN)
		return FOREIGN_BYTES + (size_t)l->foreign_len_bytes;
	if (l->kind == LAYOUT_COMPOSITE)
		len = COMPOSITE_BYTES + (size_t)l->count * ENTRY_BYTES;
	for (uint32_t i = 0; i < l->count; i++)
		len += component_len(&l->comps[i]);
	return len;
}

int layout_encode(const struct layout *l, void *buf, size_t cap_bytes, size_t *ret_len_bytes)
{
	size_t len = layout_encoded_len(l);
	struct writer w = writer_of(buf, cap_bytes);

	if (len > cap_bytes || len > LAYOUT_BYTES_MAX)
		return fail(-ERANGE, "layout: needs %zu bytes, there is room for %zu", len,
			    MIN_OF(cap_bytes, (size_t)LAYOUT_BYTES_MAX));
	if (l->kind == LAYOUT_FOREIGN)
		foreign_encode(&w, l);
	else if (l->kind == LAYOUT_COMPOSITE)
		composite_encode(&w, l);
	else
		plain_encode(&w, &l->comps[0]);
	*ret_len_bytes = w.pos;
	return 0;
}
