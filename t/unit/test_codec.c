/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/error.h"
#include "layout/codec.h"
#include "layout_random.h"

#include <errno.h>

#define ROUNDS 2000

static uint8_t buf[LAYOUT_BYTES_MAX + 1];

static void what_is_written_is_read_back(void **state)
{
	struct random_source r = random_start("codec");
	(void)state;

	for (int i = 0; i < ROUNDS; i++) {
		CLEANUP_LAYOUT struct layout *l = random_layout(&r), *back = NULL;
		size_t len = 0;
		int err = layout_encode(l, buf, LAYOUT_BYTES_MAX, &len);

		if (err == -ERANGE) {
			assert_true(layout_encoded_len(l) > LAYOUT_BYTES_MAX);
			continue;
		}
		assert_int_equal(err, 0);
		assert_int_equal(len, layout_encoded_len(l));
		err = layout_decode(buf, len, &back);
		if (err)
			fail_msg("%s", error_text(err));
		assert_true(layout_equal(l, back));
	}
}

static void damage_is_refused_or_kept(void **state)
{
	struct random_source r = random_start("codec damage");
	static uint8_t again[LAYOUT_BYTES_MAX];
	(void)state;

	for (int i = 0; i < ROUNDS; i++) {
		CLEANUP_LAYOUT struct layout *l = random_layout(&r), *back = NULL;
		size_t len = 0, out = 0;

		if (layout_encode(l, buf, LAYOUT_BYTES_MAX, &len))
			continue;
		for (uint64_t n = random_range(&r, 1, 4); n > 0; n--)
			buf[random_range(&r, 0, len - 1)] = (uint8_t)random_u64(&r);
		if (layout_decode(buf, len, &back))
			continue;
		assert_int_equal(layout_encode(back, again, sizeof(again), &out), 0);
		assert_int_equal(out, len);
		assert_memory_equal(again, buf, len);
	}
}

static void no_room_is_said(void **state)
{
	CLEANUP_LAYOUT struct layout *l = layout_new(LAYOUT_PLAIN, 1);
	size_t len = 7;
	(void)state;

	assert_int_equal(layout_encode(l, buf, 31, &len), -ERANGE);
	assert_int_equal(len, 7);
	assert_int_equal(layout_encode(l, buf, 32, &len), 0);
	assert_int_equal(len, 32);
}

/* A composite of two V1 components without objects: 32 + 2 * 48 + 2 * 32 bytes. */
#define TWO_BYTES 192u
static void write_two(void)
{
	CLEANUP_LAYOUT struct layout *l = layout_new(LAYOUT_COMPOSITE, 2);
	size_t len = 0;

	for (uint32_t i = 0; i < 2; i++) {
		l->comps[i].magic = LAYOUT_MAGIC_V1;
		l->comps[i].pattern = PATTERN_RAID0;
		l->comps[i].id = i + 1;
	}
	l->comps[0].end = l->comps[1].start = 1 << 20;
	l->comps[1].end = LAYOUT_EOF;
	assert_int_equal(layout_encode(l, buf, LAYOUT_BYTES_MAX, &len), 0);
	assert_int_equal(len, TWO_BYTES);
}

static void malformed_layouts_are_named(void **state)
{
	static const struct {
		const char *what; /* in the message */
		size_t at;        /* a byte of the composite above ... */
		uint8_t value;    /* ... that becomes this */
		size_t len_bytes;
	} bad[] = {
		{ "unknown magic", 0, 0, TWO_BYTES },
		{ "too few", 0, 0xd0, 3 },
		{ "too many", 0, 0xd0, LAYOUT_BYTES_MAX + 1 },
		{ "a composite header has", 0, 0xd0, 20 },
		{ "says that it has", 4, 1, TWO_BYTES },
		{ "says that it has", 0, 0xd0, TWO_BYTES - 1 },
		{ "without components", 14, 0, TWO_BYTES },
		{ "don't fit", 15, 0xff, TWO_BYTES },
		{ "padding", 20, 1, TWO_BYTES },
		{ "padding", 31, 1, TWO_BYTES },
		{ "entry 1 puts its plain layout at offset 136", 32 + 24, 136, TWO_BYTES },
		{ "entry 2 puts its plain layout at offset 128", 32 + 48 + 24, 128, TWO_BYTES },
		{ "entry 1 has 1056 bytes", 32 + 29, 4, TWO_BYTES },
		{ "cut off: plain layout at offset 128 has only 31", 32 + 28, 31, TWO_BYTES },
		{ "bytes of objects at offset 160", 32 + 28, 40, TWO_BYTES },
		{ "magic 0x0BD600D0 at offset 128", 128 + 1, 0, TWO_BYTES },
		{ "magic 0x0BD60BD0 at offset 128", 128 + 2, 0xd6, TWO_BYTES },
		{ "bytes after its end", 32 + 48 + 28, 32, TWO_BYTES + 8 },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct layout *l = NULL;
		int err;

		memset(buf, 0, sizeof(buf));
		write_two();
		buf[bad[i].at] = bad[i].value;
		if (bad[i].len_bytes == TWO_BYTES + 8)
			buf[4] = TWO_BYTES + 8;
		if (bad[i].at == 128 + 1)
			buf[128 + 2] = 0xd6;
		err = layout_decode(buf, bad[i].len_bytes, &l);
		assert_null(l);
		assert_int_equal(err, -EUCLEAN);
		if (!strstr(error_text(err), bad[i].what))
			fail_msg("case %zu: '%s' doesn't say '%s'", i, error_text(err),
				 bad[i].what);
	}
}

static void pool_names_must_be_clean(void **state)
{
	CLEANUP_LAYOUT struct layout *l = layout_new(LAYOUT_PLAIN, 1);
	struct layout *back = NULL;
	size_t len = 0;
	(void)state;

	l->comps[0].magic = LAYOUT_MAGIC_V3;
	memcpy(l->comps[0].pool, "flash", 6);
	assert_int_equal(layout_encode(l, buf, LAYOUT_BYTES_MAX, &len), 0);
	assert_int_equal(len, 48);
	buf[46] = 'x'; /* behind the NUL */
	assert_int_equal(layout_decode(buf, len, &back), -EUCLEAN);
	assert_non_null(strstr(error_text(-EUCLEAN), "pool name"));
	memset(buf + 32, 'x', 16); /* no NUL at all */
	assert_int_equal(layout_decode(buf, len, &back), -EUCLEAN);
	assert_null(back);
}

/* A directory's default, without objects, in a buffer that is larger. */
static void a_default_says_how_long_it_is(void **state)
{
	CLEANUP_LAYOUT struct layout *l = layout_new(LAYOUT_PLAIN, 1);
	size_t len = 0;
	(void)state;

	memset(buf, 0, sizeof(buf));
	assert_int_equal(layout_stated_len(buf, LAYOUT_BYTES_MAX), 0);
	assert_int_equal(layout_encode(l, buf, LAYOUT_BYTES_MAX, &len), 0);
	assert_int_equal(layout_stated_len(buf, LAYOUT_BYTES_MAX), len);
	assert_int_equal(layout_stated_len(buf, len - 1), 0);
	l->comps[0].magic = LAYOUT_MAGIC_V3;
	assert_int_equal(layout_encode(l, buf, LAYOUT_BYTES_MAX, &len), 0);
	assert_int_equal(layout_stated_len(buf, LAYOUT_BYTES_MAX), len);
	l->comps[0].magic = LAYOUT_MAGIC_SPECIFIC;
	l->comps[0].stripe_count = 3;
	assert_int_equal(component_set_objects(&l->comps[0], 3), 0);
	assert_int_equal(layout_encode(l, buf, LAYOUT_BYTES_MAX, &len), 0);
	assert_int_equal(layout_stated_len(buf, LAYOUT_BYTES_MAX), len);
	assert_int_equal(layout_stated_len(buf, len - 1), 0);
	write_two();
	assert_int_equal(layout_stated_len(buf, LAYOUT_BYTES_MAX), TWO_BYTES);
	memset(buf + 4, 0xff, 4);
	assert_int_equal(layout_stated_len(buf, LAYOUT_BYTES_MAX), 0);
}

static void a_generation_that_is_not_said_is_not_guessed(void **state)
{
	CLEANUP_LAYOUT struct layout *l = layout_new(LAYOUT_PLAIN, 1);
	CLEANUP_LAYOUT struct layout *unknown = NULL, *known = NULL;
	size_t len = 0;
	(void)state;

	l->comps[0].stripe_count = 1;
	l->comps[0].offset_or_gen = LAYOUT_OFFSET_ANY;
	assert_int_equal(component_set_objects(&l->comps[0], 1), 0);
	assert_int_equal(layout_encode(l, buf, LAYOUT_BYTES_MAX, &len), 0);
	assert_int_equal(layout_decode(buf, len, &unknown), 0);
	assert_int_equal(unknown->gen, 0);
	l->comps[0].offset_or_gen = 5;
	assert_int_equal(layout_encode(l, buf, LAYOUT_BYTES_MAX, &len), 0);
	assert_int_equal(layout_decode(buf, len, &known), 0);
	assert_int_equal(known->gen, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(damage_is_refused_or_kept),
		cmocka_unit_test(no_room_is_said),
		cmocka_unit_test(malformed_layouts_are_named),
		cmocka_unit_test(pool_names_must_be_clean),
		cmocka_unit_test(a_default_says_how_long_it_is),
		cmocka_unit_test(a_generation_that_is_not_said_is_not_guessed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
