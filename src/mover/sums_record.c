/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/sums_record.h"

#include "base/cursor.h"
#include "base/error.h"
#include "layout/codec.h"
#include "layout/mirror.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "lovsums1"
#define MAGIC_BYTES 8u
#define HEADER_BYTES 128u
#define CRC_BYTES 8u
#define ALIGN 8u

/* Above this the servers begin anew with a number by chance, which could be the one that is waited for. */
#define GENERATION_MAX 0x3fffffffu

#define STATE_MASK 0x3u /* LCM_FL_FLR_MASK */

void sums_record_release(struct sums_record *r)
{
	layout_unref(r->layout);
	grain_sums_release(&r->sums);
	*r = (struct sums_record){ 0 };
}

static size_t padded(size_t len)
{
	return (len + ALIGN - 1) / ALIGN * ALIGN;
}

size_t sums_record_max_bytes(uint64_t size_bytes)
{
	uint64_t grains = MIN_OF(size_bytes / GRAIN_BYTES + 1, GRAIN_SUMS_MAX);

	return HEADER_BYTES + LAYOUT_BYTES_MAX + (size_t)grains * 8 + CRC_BYTES;
}

/* ---- writing ---- */

static void put_header(struct writer *w, const struct sums_record *r, size_t layout_len)
{
	bytes_put(w, MAGIC, MAGIC_BYTES);
	le32_put(w, GRAIN_BYTES);
	le32_put(w, r->count);
	le64_put(w, r->file.seq);
	le32_put(w, r->file.oid);
	le32_put(w, r->file.ver);
	bytes_put(w, r->fsname, SUMS_FSNAME_MAX);
	le64_put(w, r->sums.size_bytes);
	le32_put(w, (uint32_t)layout_len);
	le32_put(w, r->born_s);
	for (unsigned int i = 0; i < LAYOUT_MIRRORS_MAX; i++)
		le32_put(w, i < r->count ? r->ids[i] : 0);
}

static int put_layout(struct writer *w, const struct layout *l, size_t layout_len)
{
	size_t len;
	int err = layout_encode(l, w->buf + w->pos, layout_len, &len);

	if (err)
		return err;
	w->pos += layout_len;
	zeros_put(w, padded(layout_len) - layout_len);
	return 0;
}

int sums_record_encode(const struct sums_record *r, uint8_t **ret_bytes, size_t *ret_len_bytes)
{
	size_t layout_len = layout_encoded_len(r->layout);
	size_t len = HEADER_BYTES + padded(layout_len) + (size_t)r->sums.count * 8 + CRC_BYTES;
	CLEANUP_FREE uint8_t *bytes = malloc(len);
	struct writer w = writer_of(bytes, len);
	int err;

	if (!bytes)
		return fail(-ENOMEM, "no memory for a record");
	put_header(&w, r, layout_len);
	err = put_layout(&w, r->layout, layout_len);
	if (err)
		return err;
	for (uint64_t i = 0; i < r->sums.count; i++)
		le64_put(&w, r->sums.sums[i]);
	le64_put(&w, grain_sums_crc64(0, bytes, w.pos));
	*ret_bytes = PTR_STEAL(bytes);
	*ret_len_bytes = len;
	return 0;
}

/* ---- reading ---- */

static int malformed(const char *why)
{
	return fail(-EUCLEAN, "%s", why);
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; bytes && i < len; i++) {
		if (bytes[i])
			return false;
	}
	return bytes != NULL;
}

static int check_crc(const void *bytes, size_t len)
{
	struct reader whole = reader_of(bytes, len), r;

	if (len < HEADER_BYTES + CRC_BYTES)
		return malformed("is too short");
	r = reader_window(&whole, len - CRC_BYTES, CRC_BYTES);
	if (le64_get(&r) != grain_sums_crc64(0, bytes, len - CRC_BYTES))
		return malformed("its checksum is wrong");
	return 0;
}

static int get_ids(struct reader *r, struct sums_record *rec)
{
	bool right = rec->count >= 1 && rec->count <= LAYOUT_MIRRORS_MAX;

	for (unsigned int i = 0; i < LAYOUT_MIRRORS_MAX; i++) {
		rec->ids[i] = le32_get(r);
		right = right && (i < rec->count) == (rec->ids[i] != 0);
	}
	return right ? 0 : malformed("its mirrors make no sense");
}

/* The end of the name, and what follows is NUL. */
static bool is_name(const char name[SUMS_FSNAME_MAX])
{
	size_t len = strnlen(name, SUMS_FSNAME_MAX);

	return len < SUMS_FSNAME_MAX && is_zero((const uint8_t *)name + len, SUMS_FSNAME_MAX - len);
}

static int get_header(struct reader *r, struct sums_record *rec, uint64_t *ret_size,
		      uint32_t *ret_layout_len)
{
	const uint8_t *magic = reader_take(r, MAGIC_BYTES);
	uint32_t grain = le32_get(r);

	rec->count = le32_get(r);
	rec->file.seq = le64_get(r);
	rec->file.oid = le32_get(r);
	rec->file.ver = le32_get(r);
	bytes_get(r, rec->fsname, SUMS_FSNAME_MAX);
	*ret_size = le64_get(r);
	*ret_layout_len = le32_get(r);
	rec->born_s = le32_get(r);
	if (!magic || memcmp(magic, MAGIC, MAGIC_BYTES) != 0)
		return malformed("isn't a record that this version knows");
	if (r->bad || grain != GRAIN_BYTES || !is_name(rec->fsname))
		return malformed("its header makes no sense");
	return get_ids(r, rec);
}

static int get_layout(struct reader *r, uint32_t len, struct sums_record *rec)
{
	const uint8_t *bytes = reader_take(r, len);
	const uint8_t *fill = reader_take(r, padded(len) - len);
	const char *why;
	int err;

	if (!bytes || !fill || !is_zero(fill, padded(len) - len))
		return malformed("its layout is cut");
	err = layout_decode(bytes, len, &rec->layout);
	if (err)
		return err;
	why = sums_record_refusal(rec->layout, rec->ids, rec->count);
	return why ? malformed(why) : 0;
}

static int get_sums(struct reader *r, uint64_t size, struct sums_record *rec)
{
	uint64_t count = size / GRAIN_BYTES + (size % GRAIN_BYTES != 0);
	int err;

	/* Before memory is asked for. */
	if (reader_left(r) != count * 8 + CRC_BYTES || count > GRAIN_SUMS_MAX)
		return malformed("has another length than its file's size wants");
	err = grain_sums_init(&rec->sums, size);
	if (err)
		return err;
	for (uint64_t i = 0; i < count; i++)
		rec->sums.sums[i] = le64_get(r);
	return grain_sums_complete(&rec->sums) ? 0 : malformed("lacks a sum");
}

static int decode(struct reader *r, struct sums_record *rec)
{
	uint32_t layout_len = 0;
	uint64_t size = 0;
	int err = check_crc(r->buf, r->len);

	if (!err)
		err = get_header(r, rec, &size, &layout_len);
	if (!err && layout_len > LAYOUT_BYTES_MAX)
		err = malformed("its layout is too long");
	if (!err)
		err = get_layout(r, layout_len, rec);
	return err ? err : get_sums(r, size, rec);
}

int sums_record_decode(const void *bytes, size_t len_bytes, struct sums_record *ret)
{
	struct reader r = reader_of(bytes, len_bytes);
	struct sums_record rec = { 0 };
	int err = decode(&r, &rec);

	if (err) {
		sums_record_release(&rec);
		return err;
	}
	*ret = rec;
	return 0;
}

/* ---- what it proves ---- */

static unsigned int state_of(const struct layout *l)
{
	return l->flags & STATE_MASK;
}

/* Of data that is elsewhere the layout doesn't say where. */
static bool has_objects_only(const struct layout *l, uint32_t mirror_id)
{
	for (uint32_t i = 0; i < l->count; i++) {
		if (mirror_id_at(l, i) == mirror_id && !component_has_data(&l->comps[i]))
			return false;
	}
	return true;
}

const char *sums_record_refusal(const struct layout *l, const uint32_t *ids, unsigned int count)
{
	if (l->kind != LAYOUT_COMPOSITE || l->mirror_count < 2)
		return "it has no mirrors";
	if (state_of(l) != LAYOUT_STATE_RO)
		return "it was written meanwhile";
	if (l->gen == 0 || l->gen >= GENERATION_MAX)
		return "the generation of its layout is too large";
	for (unsigned int i = 0; i < count; i++) {
		if (!mirror_exists(l, ids[i]) || mirror_flags(l, ids[i]) & COMP_STALE)
			return "a mirror is not in sync";
		if (!has_objects_only(l, ids[i]))
			return "a mirror has data that isn't on OSTs";
	}
	return NULL;
}

static bool same_objects(const struct component *a, const struct component *b)
{
	if (a->object_count != b->object_count)
		return false;
	for (unsigned int i = 0; i < a->object_count; i++) {
		if (!fid_equal(a->objects[i].fid, b->objects[i].fid) ||
		    a->objects[i].ost_idx != b->objects[i].ost_idx)
			return false;
	}
	return true;
}

/* In what says where the data is. Flags such as "prefer" may differ. */
static bool same_place(const struct component *a, const struct component *b)
{
	return a->id == b->id && a->start == b->start && a->end == b->end &&
	       a->pattern == b->pattern && a->stripe_size == b->stripe_size &&
	       a->stripe_count == b->stripe_count &&
	       (a->flags & COMP_INIT) == (b->flags & COMP_INIT) && same_objects(a, b);
}

/* The next one of the mirror from *idx on; NULL: there is none. */
static const struct component *next_of(const struct layout *l, uint32_t mirror_id, uint32_t *idx)
{
	while (*idx < l->count) {
		uint32_t i = (*idx)++;

		if (mirror_id_at(l, i) == mirror_id)
			return &l->comps[i];
	}
	return NULL;
}

static bool same_mirror(const struct layout *a, const struct layout *b, uint32_t mirror_id)
{
	const struct component *x, *y;
	uint32_t i = 0, k = 0;

	do {
		x = next_of(a, mirror_id, &i);
		y = next_of(b, mirror_id, &k);
		if (!x || !y)
			return !x && !y;
	} while (same_place(x, y));
	return false;
}

#define DOUBT_STEPS "more has happened to the mirrors since than that the file was written"

const char *sums_record_doubt_begun(const struct sums_record *r, const struct layout *now)
{
	return state_of(now) == LAYOUT_STATE_SP && now->gen == r->layout->gen + 2 ? NULL
										  : DOUBT_STEPS;
}

const char *sums_record_doubt_born(const struct sums_record *r, uint32_t born_s)
{
	return r->born_s == born_s ? NULL : "it is of a file that was made at another time";
}

static bool has_id(const struct sums_record *r, uint32_t mirror_id)
{
	for (unsigned int i = 0; i < r->count; i++) {
		if (r->ids[i] == mirror_id)
			return true;
	}
	return false;
}

const char *sums_record_doubt(const struct sums_record *r, struct fid file, const char *fsname,
			      const struct layout *now, uint32_t mirror_id)
{
	if (!fid_equal(r->file, file) || strncmp(r->fsname, fsname, SUMS_FSNAME_MAX) != 0)
		return "it is of another file";
	if (state_of(now) != LAYOUT_STATE_WP || now->gen != r->layout->gen + 1)
		return DOUBT_STEPS;
	if (!has_id(r, mirror_id))
		return "it is of other mirrors";
	if (!same_mirror(r->layout, now, mirror_id))
		return "the mirror has other objects now";
	return NULL;
}
