/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/error.h"
#include "layout/flags.h"
#include "layout/layout.h"
#include "layout/template.h"
#include "layout_random.h"

#include <errno.h>

#define ROUNDS 500

static void copies_are_equal_and_apart(void **state)
{
	struct random_source r = random_start("layout");
	(void)state;

	for (int i = 0; i < ROUNDS; i++) {
		CLEANUP_LAYOUT struct layout *l = random_layout(&r), *copy = layout_clone(l);

		assert_non_null(copy);
		assert_true(layout_equal(l, copy));
		if (copy->kind == LAYOUT_FOREIGN)
			copy->foreign_flags++;
		else
			copy->comps[copy->count - 1].stripe_size++;
		assert_false(layout_equal(l, copy));
	}
}

static void the_last_reference_frees(void **state)
{
	struct layout *l = layout_new(LAYOUT_PLAIN, 1), *again = layout_ref(l);
	(void)state;

	assert_ptr_equal(l, again);
	layout_unref(l);
	assert_int_equal(again->comps[0].magic, LAYOUT_MAGIC_V1);
	layout_unref(again);
	layout_unref(NULL);
	assert_null(layout_ref(NULL));
}

static void a_new_plain_layout_covers_all(void **state)
{
	CLEANUP_LAYOUT struct layout *l = layout_new(LAYOUT_PLAIN, 1);
	(void)state;

	assert_int_equal(layout_find(l, 0, 0), 0);
	assert_int_equal(layout_find(l, 5, INT64_MAX), 0);
	assert_true(component_has_data(&l->comps[0]));
	assert_false(component_instantiated(l, &l->comps[0]));
	assert_int_equal(component_set_objects(&l->comps[0], 1), 0);
	assert_true(component_instantiated(l, &l->comps[0]));
	l->comps[0].magic = LAYOUT_MAGIC_SPECIFIC; /* names OSTs, has no objects */
	assert_false(component_instantiated(l, &l->comps[0]));
}

static void some_components_hold_no_data(void **state)
{
	struct component c = { .pattern = PATTERN_RAID0 | PATTERN_OVERSTRIPED };
	(void)state;

	assert_true(component_has_data(&c));
	c.flags = COMP_PARITY;
	assert_false(component_has_data(&c));
	c.flags = COMP_EXTENSION;
	assert_false(component_has_data(&c));
	c.flags = 0;
	c.pattern = PATTERN_RAID0 | (uint32_t)PATTERN_F_RELEASED;
	assert_false(component_has_data(&c));
	c.pattern = PATTERN_MDT;
	assert_false(component_has_data(&c));
	c.pattern = PATTERN_OVERSTRIPED;
	assert_false(component_has_data(&c));
}

static void a_template_asks_for_the_same(void **state)
{
	struct random_source r = random_start("template");
	(void)state;

	for (int i = 0; i < ROUNDS; i++) {
		CLEANUP_LAYOUT struct layout *l = random_file_layout(&r, 2, true),
					     *any = layout_to_request(l, false),
					     *same = layout_to_request(l, true),
					     *again = layout_to_request(same, true);

		assert_int_equal(any->count, l->count);
		assert_int_equal(any->mirror_count, 2);
		assert_true(layout_equal(same, again));
		for (uint32_t c = 0; c < l->count; c++) {
			assert_int_equal(any->comps[c].object_count, 0);
			assert_int_equal(any->comps[c].flags, 0);
			assert_int_equal(any->comps[c].stripe_size, l->comps[c].stripe_size);
			assert_int_equal(any->comps[c].offset_or_gen, LAYOUT_OFFSET_ANY);
			assert_int_equal(component_mirror_id(&any->comps[c]),
					 component_mirror_id(&l->comps[c]));
			assert_int_equal(same->comps[c].magic, LAYOUT_MAGIC_SPECIFIC);
			assert_int_equal(same->comps[c].objects[0].ost_idx,
					 l->comps[c].objects[0].ost_idx);
			assert_true(fid_is_zero(same->comps[c].objects[0].fid));
		}
	}
}

static void a_plain_layout_is_one_component_of_a_composite_one(void **state)
{
	struct random_source r = random_start("composite");

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		CLEANUP_LAYOUT struct layout *l = random_layout(&r), *was = layout_clone(l);
		CLEANUP_LAYOUT struct layout *c = layout_as_composite(l);

		assert_non_null(c);
		assert_true(layout_equal(l, was));
		if (l->kind != LAYOUT_PLAIN) {
			assert_ptr_equal(c, l);
			continue;
		}
		assert_int_equal(c->kind, LAYOUT_COMPOSITE);
		assert_int_equal(c->magic, LAYOUT_MAGIC_COMPOSITE);
		assert_int_equal(c->count, 1);
		assert_int_equal(c->comps[0].start, 0);
		assert_int_equal(c->comps[0].end, LAYOUT_EOF);
		assert_int_equal(c->comps[0].stripe_size, l->comps[0].stripe_size);
		assert_int_equal(c->comps[0].stripe_count, l->comps[0].stripe_count);
		assert_string_equal(c->comps[0].pool, l->comps[0].pool);
		assert_int_equal(c->comps[0].object_count, l->comps[0].object_count);
		assert_int_equal(!!(c->comps[0].flags & COMP_INIT), layout_has_objects(l));
	}
}

static void flags_have_names(void **state)
{
	char buf[FLAGS_TEXT_MAX];
	uint32_t set, clear;
	(void)state;

	assert_string_equal(flags_text(0, buf), "0");
	assert_string_equal(flags_text(COMP_INIT | COMP_STALE, buf), "init,stale");
	assert_string_equal(flags_text(COMP_INIT | COMP_PREFER_READ | COMP_PREFER_WRITE, buf),
			    "init,prefer");
	assert_string_equal(flags_text(COMP_PREFER_READ, buf), "prefrd");
	assert_string_equal(flags_text(COMP_INIT | COMP_NOSYNC, buf), "init,nosync");
	assert_string_equal(flags_text(0x10000, buf), "0x10000");
	assert_string_equal(flags_text(UINT32_MAX, buf),
			    "init,stale,prefer,offline,nosync,extension,parity,compress,partial,"
			    "nocompr,0xfffff800");
	assert_int_equal(flags_parse("init,^stale,prefwr", &set, &clear), 0);
	assert_int_equal(set, COMP_INIT | COMP_PREFER_WRITE);
	assert_int_equal(clear, COMP_STALE);
	assert_int_equal(flags_parse("0", &set, &clear), 0);
	assert_int_equal(set | clear, 0);
	for (uint32_t bits = 0; bits < 0x800; bits++) {
		assert_int_equal(flags_parse(flags_text(bits, buf), &set, &clear), 0);
		assert_int_equal(set, bits);
	}
}

static void bad_flags_are_named(void **state)
{
	static const char *const bad[][2] = {
		{ "init,stael", "'stael'" },
		{ "", "''" },
		{ "init,", "''" },
		{ "^", "''" },
		{ "stale,^stale", "sets and clears" },
		{ "INIT", "'INIT'" },
	};
	uint32_t set = 7, clear = 7;
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(flags_parse(bad[i][0], &set, &clear), -EINVAL);
		assert_non_null(strstr(error_text(-EINVAL), bad[i][1]));
	}
	assert_int_equal(set & clear, 7);
}

static void patterns_have_names(void **state)
{
	char buf[FLAGS_TEXT_MAX];
	uint32_t pattern = 0;
	(void)state;

	assert_string_equal(flags_pattern_text(PATTERN_RAID0 | PATTERN_OVERSTRIPED, buf),
			    "raid0,overstriped");
	assert_string_equal(flags_pattern_text(PATTERN_MDT, buf), "mdt");
	assert_string_equal(flags_pattern_text(PATTERN_RAID0 | (uint32_t)PATTERN_F_RELEASED, buf),
			    "raid0,released");
	assert_int_equal(flags_pattern_parse("raid0,released", &pattern), 0);
	assert_int_equal(pattern, 0x80000001u);
	assert_int_equal(flags_pattern_parse("raid7", &pattern), -EINVAL);
	assert_string_equal(flags_state_text(0), "0");
	assert_string_equal(flags_state_text(LAYOUT_STATE_RO), "ro");
	assert_string_equal(flags_state_text(LAYOUT_STATE_WP), "wp");
	assert_string_equal(flags_state_text(LAYOUT_STATE_SP | 8), "sp");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_are_equal_and_apart),
		cmocka_unit_test(the_last_reference_frees),
		cmocka_unit_test(a_new_plain_layout_covers_all),
		cmocka_unit_test(some_components_hold_no_data),
		cmocka_unit_test(a_template_asks_for_the_same),
		cmocka_unit_test(a_plain_layout_is_one_component_of_a_composite_one),
		cmocka_unit_test(flags_have_names),
		cmocka_unit_test(bad_flags_are_named),
		cmocka_unit_test(patterns_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
