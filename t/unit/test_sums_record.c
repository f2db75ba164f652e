/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Records: decode(encode(x)) = x; of bytes that are others, fewer or more none is accepted, also
 * where the checksum is right; and a record proves nothing of a file to which anything happened but
 * one write.
 */
#include "unit.h"

#include "random.h"

#include "base/cursor.h"
#include "layout/mirror.h"
#include "mover/sums_record.h"

#include <errno.h>
#include <stdlib.h>

#define MIRRORS 3

static const struct fid file = { 0x200000401, 5, 0 };

/* Three mirrors of two components each, in sync. */
static struct layout *some_layout(void)
{
	struct layout *l = layout_new(LAYOUT_COMPOSITE, 2 * MIRRORS);

	assert_non_null(l);
	l->magic = LAYOUT_MAGIC_COMPOSITE;
	l->mirror_count = MIRRORS;
	l->gen = 7;
	l->flags = LAYOUT_STATE_RO;
	for (uint32_t i = 0; i < l->count; i++) {
		struct component *c = &l->comps[i];

		*c = (struct component){ .id = (i / 2 + 1) << 16 | (i + 1),
					 .flags = COMP_INIT,
					 .start = i % 2 ? 1 << 20 : 0,
					 .end = i % 2 ? LAYOUT_EOF : 1 << 20,
					 .magic = LAYOUT_MAGIC_V1,
					 .pattern = PATTERN_RAID0,
					 .owner_oid = 5,
					 .owner_seq = 0x200000401,
					 .stripe_size = 1 << 20,
					 .stripe_count = 1 };
		assert_int_equal(component_set_objects(c, 1), 0);
		c->objects[0].fid = (struct fid){ 0x100000000, 100 + i, 0 };
		c->objects[0].ost_idx = i;
	}
	return l;
}

static struct sums_record some_record(uint64_t size)
{
	struct sums_record r = { .file = file,
				 .fsname = "test",
				 .born_s = 0xfedcba98,
				 .layout = some_layout(),
				 .ids = { 2, 3 },
				 .count = 2 };

	assert_int_equal(grain_sums_init(&r.sums, size), 0);
	for (uint64_t i = 0; i < r.sums.count; i++)
		r.sums.sums[i] = 0x1234567890abcdefu * (i + 1);
	return r;
}

static void assert_equal(const struct sums_record *a, const struct sums_record *b)
{
	assert_true(fid_equal(a->file, b->file));
	assert_string_equal(a->fsname, b->fsname);
	assert_int_equal(a->born_s, b->born_s);
	assert_true(layout_equal(a->layout, b->layout));
	assert_int_equal(a->count, b->count);
	assert_memory_equal(a->ids, b->ids, sizeof(a->ids));
	assert_int_equal(a->sums.size_bytes, b->sums.size_bytes);
	assert_int_equal(a->sums.count, b->sums.count);
	assert_memory_equal(a->sums.sums, b->sums.sums, a->sums.count * sizeof(uint64_t));
}

static void what_is_written_is_read(void **state)
{
	struct random_source r = random_start("what_is_written_is_read");

	(void)state;
	for (int i = 0; i < 50; i++) {
		uint64_t size = random_range(&r, 0, 40 * GRAIN_BYTES) * (i != 0);
		struct sums_record a = some_record(size), b;
		uint8_t *bytes;
		size_t len;

		assert_int_equal(sums_record_encode(&a, &bytes, &len), 0);
		assert_true(len <= sums_record_max_bytes(size));
		assert_int_equal(sums_record_decode(bytes, len, &b), 0);
		assert_equal(&a, &b);
		free(bytes);
		sums_record_release(&a);
		sums_record_release(&b);
	}
}

static void refuses(const uint8_t *bytes, size_t len)
{
	uint8_t *exact = malloc(len ? len : 1); /* a sanitizer sees who reads past it */
	struct sums_record r;
	int err;

	memcpy(exact, bytes, len);
	err = sums_record_decode(exact, len, &r);
	if (err != -EUCLEAN)
		fail_msg("%zu bytes: %d", len, err);
	free(exact);
}

static void other_bytes_are_refused(void **state)
{
	struct sums_record r = some_record(3 * GRAIN_BYTES + 1);
	uint8_t *bytes, *longer;
	size_t len;

	(void)state;
	assert_int_equal(sums_record_encode(&r, &bytes, &len), 0);
	for (size_t i = 0; i < len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			bytes[i] ^= (uint8_t)(1 << bit);
			refuses(bytes, len);
			bytes[i] ^= (uint8_t)(1 << bit);
		}
		refuses(bytes, i);
	}
	longer = calloc(1, len + 16);
	memcpy(longer, bytes, len);
	for (size_t more = 1; more <= 16; more++)
		refuses(longer, len + more);
	free(longer);
	free(bytes);
	sums_record_release(&r);
}

static void seal(uint8_t *bytes, size_t len)
{
	struct writer w = writer_of(bytes + len - 8, 8);

	le64_put(&w, grain_sums_crc64(0, bytes, len - 8));
}

/* As somebody would write it who knows the format. */
static void other_bytes_with_a_right_checksum_are_refused_or_mean_the_same(void **state)
{
	struct sums_record r = some_record(3 * GRAIN_BYTES + 1), other;
	uint8_t *bytes, *again;
	size_t len, again_len;

	(void)state;
	assert_int_equal(sums_record_encode(&r, &bytes, &len), 0);
	for (size_t i = 0; i < len - 8; i++) {
		for (int bit = 0; bit < 8; bit++) {
			bytes[i] ^= (uint8_t)(1 << bit);
			seal(bytes, len);
			if (sums_record_decode(bytes, len, &other) == 0) {
				assert_int_equal(sums_record_encode(&other, &again, &again_len), 0);
				assert_int_equal(again_len, len);
				assert_memory_equal(again, bytes, len);
				free(again);
				sums_record_release(&other);
			}
			bytes[i] ^= (uint8_t)(1 << bit);
		}
	}
	for (size_t cut = 129; cut < len; cut++) {
		seal(bytes, cut);
		refuses(bytes, cut);
	}
	free(bytes);
	sums_record_release(&r);
}

/* ---- what it proves ---- */

static const char *doubt(const struct sums_record *r, const struct layout *now, uint32_t id)
{
	return sums_record_doubt(r, file, "test", now, id);
}

/* As the file is after one write: mirrors 2 and 3 are stale. */
static struct layout *written(void)
{
	struct layout *l = some_layout();

	l->gen = 8;
	l->flags = LAYOUT_STATE_WP;
	for (uint32_t i = 2; i < l->count; i++)
		l->comps[i].flags |= COMP_STALE;
	return l;
}

static void one_write_leaves_no_doubt(void **state)
{
	struct sums_record r = some_record(100);
	struct layout *now = written();
	const struct fid another = { 0x200000401, 6, 0 };

	(void)state;
	assert_null(doubt(&r, now, 2));
	assert_null(doubt(&r, now, 3));
	assert_non_null(doubt(&r, now, 1)); /* not recorded */
	assert_non_null(doubt(&r, now, 4));
	assert_non_null(sums_record_doubt(&r, another, "test", now, 2));
	assert_non_null(sums_record_doubt(&r, file, "tes", now, 2));
	assert_non_null(sums_record_doubt(&r, file, "test2", now, 2));
	/* That of another mirror doesn't matter, nor do flags. */
	now->comps[0].objects[0].fid.oid++;
	now->comps[2].flags |= COMP_PREFER_READ;
	now->comps[5].flags &= ~(uint32_t)COMP_STALE;
	assert_null(doubt(&r, now, 2));
	assert_null(doubt(&r, now, 3));
	layout_unref(now);
	sums_record_release(&r);
}

static void another_birth_is_a_doubt(void **state)
{
	struct sums_record r = some_record(100);

	(void)state;
	assert_null(sums_record_doubt_born(&r, r.born_s));
	assert_non_null(sums_record_doubt_born(&r, r.born_s + 1));
	assert_non_null(sums_record_doubt_born(&r, 0));
	r.born_s = 0;
	assert_null(sums_record_doubt_born(&r, 0));
	assert_non_null(sums_record_doubt_born(&r, 1));
	sums_record_release(&r);
}

static void any_other_generation_or_state_is_a_doubt(void **state)
{
	struct sums_record r = some_record(100);
	struct layout *now = written();

	(void)state;
	for (uint32_t gen = 0; gen < 20; gen++) {
		for (uint16_t flags = 0; flags < 4; flags++) {
			now->gen = gen;
			now->flags = flags;
			assert_true(!doubt(&r, now, 2) == (gen == 8 && flags == LAYOUT_STATE_WP));
		}
	}
	layout_unref(now);
	sums_record_release(&r);
}

/* What is changed in component `i`. */
static void change(struct component *c, int what)
{
	switch (what) {
	case 0:
		c->id++;
		break;
	case 1:
		c->start += 65536;
		break;
	case 2:
		c->end--;
		break;
	case 3:
		c->pattern |= PATTERN_OVERSTRIPED;
		break;
	case 4:
		c->stripe_size *= 2;
		break;
	case 5:
		c->stripe_count++;
		break;
	case 6:
		c->flags ^= COMP_INIT;
		break;
	case 7:
		c->objects[0].fid.oid++;
		break;
	case 8:
		c->objects[0].ost_idx++;
		break;
	case 9:
		assert_int_equal(component_set_objects(c, 0), 0);
		break;
	case 10:
		c->id += 1 << 16; /* is of the next mirror */
		break;
	}
}

static void a_resync_that_began_is_one_step_more(void **state)
{
	struct sums_record r = some_record(100);
	struct layout *now = written();

	(void)state;
	for (uint32_t gen = 0; gen < 20; gen++) {
		for (uint16_t flags = 0; flags < 4; flags++) {
			now->gen = gen;
			now->flags = flags;
			assert_true(!sums_record_doubt_begun(&r, now) ==
				    (gen == 9 && flags == LAYOUT_STATE_SP));
		}
	}
	layout_unref(now);
	sums_record_release(&r);
}

static void other_objects_are_a_doubt(void **state)
{
	struct sums_record r = some_record(100);

	(void)state;
	for (int what = 0; what <= 10; what++) {
		for (uint32_t i = 2; i < 4; i++) {
			struct layout *now = written();

			change(&now->comps[i], what);
			if (!doubt(&r, now, 2))
				fail_msg("change %d of component %u is no doubt", what, i);
			layout_unref(now);
		}
	}
	sums_record_release(&r);
}

static void what_isnt_in_sync_isnt_recorded(void **state)
{
	const uint32_t ids[] = { 2, 3 }, none[] = { 4 };
	struct layout *l = some_layout();

	(void)state;
	assert_null(sums_record_refusal(l, ids, 2));
	assert_non_null(sums_record_refusal(l, none, 1));
	for (uint16_t flags = 0; flags < 4; flags++) {
		l->flags = flags;
		assert_true(!sums_record_refusal(l, ids, 2) == (flags == LAYOUT_STATE_RO));
	}
	l->flags = LAYOUT_STATE_RO;
	l->comps[4].flags |= COMP_STALE;
	assert_non_null(sums_record_refusal(l, ids, 2));
	assert_null(sums_record_refusal(l, ids, 1));
	l->comps[2].pattern = PATTERN_MDT;
	assert_non_null(sums_record_refusal(l, ids, 1));
	l->comps[2].pattern = PATTERN_RAID0;
	l->gen = 0x3fffffff; /* the next one may be any */
	assert_non_null(sums_record_refusal(l, ids, 1));
	layout_unref(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(other_bytes_are_refused),
		cmocka_unit_test(other_bytes_with_a_right_checksum_are_refused_or_mean_the_same),
		cmocka_unit_test(one_write_leaves_no_doubt),
		cmocka_unit_test(another_birth_is_a_doubt),
		cmocka_unit_test(any_other_generation_or_state_is_a_doubt),
		cmocka_unit_test(a_resync_that_began_is_one_step_more),
		cmocka_unit_test(other_objects_are_a_doubt),
		cmocka_unit_test(what_isnt_in_sync_isnt_recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
