/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/error.h"
#include "layout/print.h"
#include "layout/template.h"
#include "layout/yaml.h"
#include "layout_random.h"

#include <errno.h>

#define ROUNDS 300

static void what_is_printed_is_read_back(void **state)
{
	struct random_source r = random_start("yaml");
	struct print_context ctx = { 0 };
	struct print_options opt = { .yaml = true };
	(void)state;

	for (int i = 0; i < ROUNDS; i++) {
		CLEANUP_LAYOUT struct layout *l =
			random_file_layout(&r, (uint32_t)random_range(&r, 1, 3), true);
		CLEANUP_STRBUF struct strbuf text = { 0 };
		bool same_osts = random_range(&r, 0, 1);
		CLEANUP_LAYOUT struct layout *want = layout_to_request(l, same_osts), *got = NULL;
		int err;

		print_layout(&text, l, &ctx, &opt);
		err = layout_from_yaml(strbuf_text(&text), text.len_bytes, same_osts, &got);
		if (err)
			fail_msg("%s", error_text(err));
		for (uint32_t c = 0; same_osts && c < want->count; c++)
			want->comps[c].offset_or_gen = got->comps[c].offset_or_gen;
		assert_true(layout_equal(want, got));
	}
}

static void a_directory_is_read(void **state)
{
	static const char text[] = "stripe_count:  -1\nstripe_size:   2097152\npattern:       "
				   "raid0,overstriped\nstripe_offset: -1\npool: flash\n";
	CLEANUP_LAYOUT struct layout *l = NULL;
	(void)state;

	assert_int_equal(layout_from_yaml(text, strlen(text), true, &l), 0);
	assert_int_equal(l->comps[0].stripe_count, LAYOUT_STRIPE_COUNT_ALL);
	assert_int_equal(l->comps[0].stripe_size, 2 << 20);
	assert_int_equal(l->comps[0].pattern, PATTERN_RAID0 | PATTERN_OVERSTRIPED);
	assert_int_equal(l->comps[0].offset_or_gen, LAYOUT_OFFSET_ANY);
	assert_string_equal(l->comps[0].pool, "flash");
}

static void bad_yaml_is_named(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "", "is not a layout" },
		{ "- 1\n", "is not a layout" },
		{ "a: [", "no YAML" },
		{ "a: 1\n", "neither components nor lmm_stripe_count" },
		{ "lfm_value: 'x'\n", "neither components nor lmm_stripe_count" },
		{ "lmm_stripe_count: 2\nlmm_stripe_size: big\n", "line 2: lmm_stripe_size: 'big'" },
		{ "lmm_stripe_count: 70000\n", "line 1: lmm_stripe_count: '70000'" },
		{ "lmm_stripe_count: [1]\n", "line 1: lmm_stripe_count" },
		{ "lmm_stripe_count: 1\nlmm_pattern: raid9\n", "line 2: lmm_pattern: 'raid9'" },
		{ "lmm_stripe_count: 1\nlmm_pool: abcdefghijklmnopq\n", "line 2: lmm_pool" },
		{ "lmm_stripe_count: 2\nlmm_objects:\n  - l_ost_idx: 1\n",
		  "1 objects for 2 stripes" },
		{ "lmm_stripe_count: 1\nlmm_objects:\n  - x: 1\n", "l_ost_idx" },
		{ "lmm_stripe_count: 1\nlmm_objects: 5\n",
		  "line 2: lmm_objects: '5' is not a list" },
		{ "components: 7\n", "components: '7'" },
		{ "components: []\n", "line 1: components" },
		{ "components:\n  - lcme_id: 1\n", "sub_layout" },
		{ "components:\n  - lcme_flags: odd\n    sub_layout:\n      lmm_stripe_count: 1\n",
		  "line 2: lcme_flags: 'odd'" },
		{ "components:\n  - lcme_extent.e_end: soon\n    sub_layout: {}\n",
		  "line 2: lcme_extent.e_end: 'soon'" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct layout *l = NULL;
		int err = layout_from_yaml(bad[i].text, strlen(bad[i].text), true, &l);

		assert_null(l);
		if (err != -EINVAL || !strstr(error_text(err), bad[i].says))
			fail_msg("%s: %d '%s' doesn't say '%s'", bad[i].text, err, error_text(err),
				 bad[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_printed_is_read_back),
		cmocka_unit_test(a_directory_is_read),
		cmocka_unit_test(bad_yaml_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
