/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "layout/raid0.h"
#include "layout/segmap.h"
#include "layout_random.h"

#define ROUNDS 2000

/* What the layout says of one byte, found the slow way. */
static void assert_byte(const struct layout *l, uint32_t mirror, const struct segment *s,
			uint64_t offset)
{
	int idx = layout_find(l, mirror, offset);
	const struct component *c;

	if (idx < 0) {
		assert_int_equal(s->comp_idx, SEGMENT_NO_COMPONENT);
		return;
	}
	c = &l->comps[idx];
	assert_int_equal(s->comp_idx, idx);
	assert_int_equal(s->stripe_idx, raid0_stripe(c->stripe_size, c->stripe_count, offset));
	assert_true(s->object_offset + (offset - s->file_offset) ==
		    raid0_object_offset(c->stripe_size, c->stripe_count, offset));
}

static void each_byte_is_mapped_once(void **state)
{
	struct random_source r = random_start("segmap");
	(void)state;

	for (int i = 0; i < ROUNDS; i++) {
		uint32_t mirrors = (uint32_t)random_range(&r, 1, 3);
		uint32_t mirror = mirrors > 1 ? (uint32_t)random_range(&r, 1, mirrors) : 0;
		CLEANUP_LAYOUT struct layout *l =
			random_file_layout(&r, mirrors, random_range(&r, 0, 1));
		uint64_t start = random_range(&r, 0, 20 << 20),
			 end = start + random_range(&r, 0, 20 << 20), pos = start;
		struct segmap map = segmap_of(l, mirror, start, end);
		struct segment s;

		while (segmap_next(&map, &s)) {
			assert_true(s.file_offset == pos);
			assert_true(s.len_bytes > 0);
			assert_true(s.len_bytes <= end - pos);
			assert_byte(l, mirror, &s, pos);
			assert_byte(l, mirror, &s, pos + s.len_bytes / 2);
			assert_byte(l, mirror, &s, pos + s.len_bytes - 1);
			pos += s.len_bytes;
		}
		assert_true(pos == end);
		assert_false(segmap_next(&map, &s));
	}
}

static struct layout *plain(uint32_t size, uint16_t count)
{
	struct layout *l = layout_new(LAYOUT_PLAIN, 1);

	assert_non_null(l);
	l->comps[0].stripe_size = size;
	l->comps[0].stripe_count = count;
	return l;
}

static void one_stripe_is_one_segment(void **state)
{
	CLEANUP_LAYOUT struct layout *l = plain(65536, 1);
	struct segmap map = segmap_of(l, 0, 5, UINT64_MAX);
	struct segment s;
	(void)state;

	assert_true(segmap_next(&map, &s));
	assert_true(s.object_offset == 5 && s.len_bytes == UINT64_MAX - 5);
	assert_false(segmap_next(&map, &s));
}

static void the_very_end_does_not_wrap(void **state)
{
	CLEANUP_LAYOUT struct layout *l = plain(0x80000000u, 7);
	struct segmap map = segmap_of(l, 0, UINT64_MAX - 10, UINT64_MAX);
	struct segment s;
	uint64_t sum = 0;
	(void)state;

	while (segmap_next(&map, &s))
		sum += s.len_bytes;
	assert_int_equal(sum, 10);
	map = segmap_of(l, 0, 100, 50); /* backwards: nothing */
	assert_false(segmap_next(&map, &s));
}

static void components_without_stripes_are_one_segment(void **state)
{
	CLEANUP_LAYOUT struct layout *l = layout_new(LAYOUT_COMPOSITE, 2);
	struct segmap map;
	struct segment s;
	(void)state;

	l->comps[0] = (struct component){ .end = 1 << 20,
					  .pattern = PATTERN_MDT,
					  .stripe_size = 1 << 20 };
	l->comps[1] =
		(struct component){ .start = 2 << 20, .end = LAYOUT_EOF, .pattern = PATTERN_RAID0 };
	map = segmap_of(l, 0, 10, 4 << 20);
	assert_true(segmap_next(&map, &s));
	assert_int_equal(s.comp_idx, 0);
	assert_int_equal(s.object_offset, 0);
	assert_int_equal(s.len_bytes, (1 << 20) - 10);
	assert_true(segmap_next(&map, &s));
	assert_int_equal(s.comp_idx, SEGMENT_NO_COMPONENT);
	assert_int_equal(s.len_bytes, 1 << 20);
	assert_true(segmap_next(&map, &s));
	assert_int_equal(s.comp_idx, 1);
	assert_int_equal(s.len_bytes, 2 << 20);
	assert_false(segmap_next(&map, &s));
}

static void an_unknown_mirror_covers_nothing(void **state)
{
	struct random_source r = random_start("segmap mirrors");
	CLEANUP_LAYOUT struct layout *l = random_file_layout(&r, 2, false);
	struct segmap map = segmap_of(l, 3, 0, 1000);
	struct segment s;
	(void)state;

	assert_true(segmap_next(&map, &s));
	assert_int_equal(s.comp_idx, SEGMENT_NO_COMPONENT);
	assert_int_equal(s.len_bytes, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_byte_is_mapped_once),
		cmocka_unit_test(one_stripe_is_one_segment),
		cmocka_unit_test(the_very_end_does_not_wrap),
		cmocka_unit_test(components_without_stripes_are_one_segment),
		cmocka_unit_test(an_unknown_mirror_covers_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
