/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the golden files don't show: without -v, single fields, filters, directories, JSON. */
#include "unit.h"

#include "layout/print.h"

static const struct print_context file_ctx = { .path = "f",
					       .fid = { .seq = 0x200000401, .oid = 0x94 },
					       .layout_gen = 1 };

static struct layout *plain2(void)
{
	struct layout *l = layout_new(LAYOUT_PLAIN, 1);
	struct component *c = &l->comps[0];

	c->stripe_size = 1 << 20;
	c->stripe_count = 2;
	c->offset_or_gen = LAYOUT_OFFSET_ANY;
	assert_int_equal(component_set_objects(c, 2), 0);
	for (uint32_t i = 0; i < 2; i++)
		c->objects[i] = (struct layout_object){ .fid = { 0x240000400, 0x20 + i, 0 },
							.ost_idx = 3 + i };
	return l;
}

/* Two mirrors of two components each; the second component of each has no objects yet. */
static struct layout *mirrored(void)
{
	struct layout *l = layout_new(LAYOUT_COMPOSITE, 4);

	l->gen = 7;
	l->flags = LAYOUT_STATE_WP;
	l->mirror_count = 2;
	for (uint32_t i = 0; i < 4; i++) {
		struct component *c = &l->comps[i];

		c->id = (i / 2 + 1) << 16 | (i + 1);
		c->start = i % 2 ? 1 << 20 : 0;
		c->end = i % 2 ? LAYOUT_EOF : 1 << 20;
		c->magic = LAYOUT_MAGIC_V1;
		c->pattern = PATTERN_RAID0;
		c->stripe_size = 1 << 20;
		c->stripe_count = 1;
		c->offset_or_gen = LAYOUT_OFFSET_ANY;
		if (i % 2)
			continue;
		c->flags = COMP_INIT | (i ? COMP_STALE : 0);
		assert_int_equal(component_set_objects(c, 1), 0);
		c->objects[0] =
			(struct layout_object){ .fid = { 0x240000400, 0x30 + i, 0 }, .ost_idx = i };
	}
	return l;
}

#define PRINTS(l, ctx, expected, ...)                                                              \
	prints(l, ctx, expected, (const struct print_options){ __VA_ARGS__ })
static void prints(const struct layout *l, const struct print_context *ctx, const char *expected,
		   struct print_options opt)
{
	CLEANUP_STRBUF struct strbuf out = { 0 };

	print_layout(&out, l, ctx, &opt);
	assert_int_equal(out.err, 0);
	assert_string_equal(strbuf_text(&out), expected);
}

static void a_plain_file(void **state)
{
	CLEANUP_LAYOUT struct layout *l = plain2();
	(void)state;

	PRINTS(l, &file_ctx,
	       "f\n"
	       "lmm_stripe_count:  2\n"
	       "lmm_stripe_size:   1048576\n"
	       "lmm_pattern:       raid0\n"
	       "lmm_layout_gen:    1\n"
	       "lmm_stripe_offset: 3\n"
	       "\tobdidx\t\t objid\t\t objid\t\t group\n"
	       "\t     3\t            32\t         0x20\t   0x240000400\n"
	       "\t     4\t            33\t         0x21\t   0x240000400\n\n",
	       .yaml = false);
}

static void single_fields_have_no_names(void **state)
{
	CLEANUP_LAYOUT struct layout *l = plain2(), *m = mirrored();
	(void)state;

	PRINTS(l, &file_ctx, "2\n\n", .fields = PRINT_STRIPE_COUNT, .no_path = true);
	PRINTS(l, &file_ctx, "1048576\n\n", .fields = PRINT_STRIPE_SIZE, .no_path = true);
	PRINTS(l, &file_ctx, "3\n\n", .fields = PRINT_STRIPE_OFFSET, .no_path = true);
	PRINTS(l, &file_ctx, "[0x200000401:0x94:0x0]\n\n", .fields = PRINT_FID, .no_path = true);
	PRINTS(l, &file_ctx, "\n", .fields = PRINT_POOL, .no_path = true);
	PRINTS(l, &file_ctx, "lmm_stripe_count:  2\nlmm_stripe_size:   1048576\n\n",
	       .fields = PRINT_STRIPE_COUNT | PRINT_STRIPE_SIZE, .no_path = true);
	/* Of a composite, the last instantiated component in a row from the first. */
	m->comps[0].stripe_count = 9;
	PRINTS(m, &file_ctx, "9\n\n", .fields = PRINT_STRIPE_COUNT, .no_path = true);
	PRINTS(m, &file_ctx, "4\n\n", .fields = PRINT_COMP_COUNT, .no_path = true);
	PRINTS(m, &file_ctx, "2\n\n", .fields = PRINT_MIRROR_COUNT, .no_path = true);
	/* A plain one answers questions about components as one that covers all. */
	PRINTS(l, &file_ctx, "EOF\n\n", .fields = PRINT_COMP_END, .no_path = true);
	PRINTS(l, &file_ctx, "init\n\n", .fields = PRINT_COMP_FLAGS, .no_path = true);
	PRINTS(l, &file_ctx, "N/A\n\n", .fields = PRINT_COMP_ID, .no_path = true);
}

static void filters_choose_components(void **state)
{
	CLEANUP_LAYOUT struct layout *m = mirrored();
	(void)state;

	PRINTS(m, &file_ctx, "65537\n\n65538\n\n131075\n\n131076\n\n", .fields = PRINT_COMP_ID,
	       .by_flags = true, .no_path = true);
	PRINTS(m, &file_ctx, "131075\n\n131076\n\n", .fields = PRINT_COMP_ID, .by_mirror = true,
	       .mirror_id = 2, .no_path = true);
	PRINTS(m, &file_ctx, "131075\n\n", .fields = PRINT_COMP_ID, .by_flags = true,
	       .flags_set = COMP_STALE, .no_path = true);
	PRINTS(m, &file_ctx, "65538\n\n131076\n\n", .fields = PRINT_COMP_ID, .by_flags = true,
	       .flags_clear = COMP_INIT, .no_path = true);
	PRINTS(m, &file_ctx, "65538\n\n131076\n\n", .fields = PRINT_COMP_ID, .by_start = true,
	       .start_sign = PRINT_MORE, .no_path = true);
	PRINTS(m, &file_ctx, "65537\n\n131075\n\n", .fields = PRINT_COMP_ID, .by_end = true,
	       .end = 1 << 20, .no_path = true);
	PRINTS(m, &file_ctx, "0\n\n", .fields = PRINT_COMP_START, .by_id = true, .id = 131075,
	       .no_path = true);
	PRINTS(m, &file_ctx, "131075\n\n", .fields = PRINT_COMP_ID, .by_ost = true, .ost_idx = 2,
	       .no_path = true);
	PRINTS(m, &file_ctx, "", .by_ost = true, .ost_idx = 9);
}

static void an_ost_is_marked(void **state)
{
	CLEANUP_LAYOUT struct layout *l = plain2();
	(void)state;

	PRINTS(l, &file_ctx,
	       "f\n\tobdidx\t\t objid\t\t objid\t\t group\n"
	       "\t     4\t            33\t         0x21\t   0x240000400 *\n\n",
	       .fields = PRINT_OBJECTS, .by_ost = true, .ost_idx = 4);
}

static void a_composite_without_v(void **state)
{
	CLEANUP_LAYOUT struct layout *m = mirrored();
	(void)state;

	PRINTS(m, &file_ctx,
	       "f\n"
	       "  lcm_layout_gen:    7\n"
	       "  lcm_mirror_count:  2\n"
	       "  lcm_entry_count:   4\n"
	       "    lcme_id:             131075\n"
	       "    lcme_mirror_id:      2\n"
	       "    lcme_flags:          init,stale\n"
	       "    lcme_extent.e_start: 0\n"
	       "    lcme_extent.e_end:   1048576\n"
	       "      lmm_stripe_count:  1\n"
	       "      lmm_stripe_size:   1048576\n"
	       "      lmm_pattern:       raid0\n"
	       "      lmm_layout_gen:    0\n"
	       "      lmm_stripe_offset: 2\n"
	       "      lmm_objects:\n"
	       "      -   0: { l_ost_idx:   2, l_fid: [0x240000400:0x32:0x0] }\n\n",
	       .by_id = true, .id = 131075);
}

static void directories_show_their_defaults(void **state)
{
	struct print_context dir = { .path = "d",
				     .is_directory = true,
				     .default_stripe_size = 4 << 20,
				     .default_stripe_count = 2 };
	CLEANUP_LAYOUT struct layout *l = layout_new(LAYOUT_PLAIN, 1),
				     *two = layout_new(LAYOUT_COMPOSITE, 2);
	(void)state;

	l->comps[0].offset_or_gen = LAYOUT_OFFSET_ANY;
	PRINTS(l, &dir,
	       "d\nstripe_count:  2 stripe_size:   4194304 pattern:       raid0 stripe_offset: "
	       "-1\n\n",
	       .yaml = false);
	PRINTS(l, &dir,
	       "stripe_count:  0\nstripe_size:   0\npattern:       raid0\nstripe_offset: -1\n",
	       .yaml = true, .raw = true);
	l->comps[0].stripe_count = LAYOUT_STRIPE_COUNT_ALL;
	PRINTS(l, &dir, "-1\n\n", .fields = PRINT_STRIPE_COUNT, .no_path = true);
	for (uint32_t i = 0; i < 2; i++)
		two->comps[i] = (struct component){ .magic = LAYOUT_MAGIC_V1,
						    .pattern = PATTERN_RAID0,
						    .stripe_count = 1,
						    .stripe_size = 1 << 20,
						    .offset_or_gen = LAYOUT_OFFSET_ANY };
	two->comps[0].end = two->comps[1].start = 1 << 20;
	two->comps[1].end = LAYOUT_EOF;
	PRINTS(two, &dir,
	       "d\n  lcm_layout_gen:    0\n  lcm_mirror_count:  1\n  lcm_entry_count:   2\n"
	       "    lcme_id:             N/A\n    lcme_mirror_id:      N/A\n    lcme_flags:        "
	       "  0\n"
	       "    lcme_extent.e_start: 0\n    lcme_extent.e_end:   1048576\n"
	       "      stripe_count:  1       stripe_size:   1048576       pattern:       raid0     "
	       "  stripe_offset: -1\n\n"
	       "    lcme_id:             N/A\n    lcme_mirror_id:      N/A\n    lcme_flags:        "
	       "  0\n"
	       "    lcme_extent.e_start: 1048576\n    lcme_extent.e_end:   EOF\n"
	       "      stripe_count:  1       stripe_size:   1048576       pattern:       raid0     "
	       "  stripe_offset: -1\n\n",
	       .yaml = false);
}

/*
 * The words of lfs: without -v no path for one directory alone, and with it "(Default)" where
 * nobody has set one.
 */
static void a_directory_without_a_default(void **state)
{
	struct print_context dir = { .path = "d",
				     .fid = { 0x200000401, 0xd2, 0 },
				     .is_directory = true,
				     .is_default = true,
				     .default_stripe_size = 4 << 20,
				     .default_stripe_count = 1 };
	CLEANUP_LAYOUT struct layout *l = layout_new(LAYOUT_PLAIN, 1);
	(void)state;

	l->comps[0].offset_or_gen = LAYOUT_OFFSET_ANY;
	l->comps[0].pattern = 0;
	PRINTS(l, &dir,
	       "d\nstripe_count:  1 stripe_size:   4194304 pattern:        stripe_offset: -1\n\n",
	       .yaml = false);
	PRINTS(l, &dir,
	       "stripe_count:  1 stripe_size:   4194304 pattern:        stripe_offset: -1\n\n",
	       .no_path = true);
	PRINTS(l, &dir,
	       "(Default) d\nlmm_fid:           [0x200000401:0xd2:0x0]\n"
	       "stripe_count:  1 stripe_size:   4194304 pattern:        stripe_offset: -1\n\n",
	       .fields = PRINT_DEFAULT | PRINT_DETAIL);
	PRINTS(l, &dir, "stripe_count:  0 stripe_size:   0 pattern:        stripe_offset: -1\n\n",
	       .no_path = true, .raw = true);
	PRINTS(l, &dir,
	       "stripe_count:  1\nstripe_size:   4194304\npattern:       \nstripe_offset: -1\n",
	       .yaml = true);
}

static void times_and_parity(void **state)
{
	struct print_context ctx = file_ctx;
	CLEANUP_LAYOUT struct layout *m = mirrored();
	struct component *c = &m->comps[1];
	(void)state;

	c->flags = COMP_NOSYNC;
	c->timestamp = 1795334543;
	PRINTS(m, &ctx, "nosync\n'2026-11-22T08:02:23+0000'\n\n", .fields = PRINT_COMP_FLAGS,
	       .by_id = true, .id = 65538, .no_path = true);
	ctx.utc_offset_s = -(9 * 3600 + 1800);
	PRINTS(m, &ctx, "nosync\n'2026-11-21T22:32:23-0930'\n\n", .fields = PRINT_COMP_FLAGS,
	       .by_id = true, .id = 65538, .no_path = true);
	*c = (struct component){ .id = 65538,
				 .flags = COMP_PARITY,
				 .link_id = 2,
				 .data_stripes = 8,
				 .parity_stripes = 2,
				 .compression = 0x3a01,
				 .magic = LAYOUT_MAGIC_V1 };
	PRINTS(m, &ctx,
	       "  lcm_mirror_count:  2\n"
	       "    lcme_flags:          parity\n"
	       "    lcme_mirror_link_id: 0x2\n"
	       "    lcme_dstripe_count:  8\n"
	       "    lcme_cstripe_count:  2\n"
	       "    lcme_compr_type:     1\n"
	       "    lcme_compr_level:    10\n"
	       "    lcme_compr_chunk:    3\n\n",
	       .fields = PRINT_COMP_FLAGS | PRINT_PARITY | PRINT_MIRROR_COUNT, .by_id = true,
	       .id = 65538, .no_path = true);
}

static void a_file_without_objects(void **state)
{
	CLEANUP_LAYOUT struct layout *l = plain2();
	(void)state;

	assert_int_equal(component_set_objects(&l->comps[0], 0), 0);
	PRINTS(l, &file_ctx,
	       "f\nlmm_stripe_count:  2\nlmm_stripe_size:   1048576\nlmm_pattern:       "
	       "raid0\nlmm_layout_gen:    0\n"
	       "lmm_stripe_offset: -1\n\n",
	       .yaml = false);
}

static void json_has_the_same_keys(void **state)
{
	CLEANUP_LAYOUT struct layout *m = mirrored(), *l = plain2();
	struct print_options all = { 0 }, one = { .by_id = true, .id = 131075 };
	json_t *j = print_layout_json(m, &file_ctx, &one),
	       *p = print_layout_json(l, &file_ctx, &all), *c, *o;
	(void)state;

	assert_int_equal(json_integer_value(json_object_get(j, "lcm_layout_gen")), 7);
	assert_string_equal(json_string_value(json_object_get(j, "lcm_flags")), "wp");
	assert_int_equal(json_array_size(json_object_get(j, "components")), 1);
	c = json_array_get(json_object_get(j, "components"), 0);
	assert_int_equal(json_integer_value(json_object_get(c, "lcme_id")), 131075);
	assert_string_equal(json_string_value(json_object_get(c, "lcme_flags")), "init,stale");
	assert_int_equal(json_integer_value(json_object_get(c, "lcme_extent.e_end")), 1 << 20);
	o = json_array_get(json_object_get(json_object_get(c, "sub_layout"), "lmm_objects"), 0);
	assert_string_equal(json_string_value(json_object_get(o, "l_fid")), "0x240000400:0x32:0x0");
	assert_int_equal(json_integer_value(json_object_get(p, "lmm_stripe_count")), 2);
	assert_int_equal(json_integer_value(json_object_get(p, "lmm_layout_gen")), 1);
	assert_int_equal(json_array_size(json_object_get(p, "lmm_objects")), 2);
	json_decref(j);
	json_decref(p);
}

static void a_foreign_value_may_be_any_bytes(void **state)
{
	CLEANUP_LAYOUT struct layout *l = layout_new(LAYOUT_FOREIGN, 0);
	struct print_options all = { 0 };
	json_t *j;
	(void)state;

	PRINTS(l, &file_ctx, "lfm_value:     ''\n\n", .yaml = false);
	l->foreign_value = malloc(2);
	l->foreign_len_bytes = 2;
	memcpy(l->foreign_value, "\xff\x01", 2);
	j = print_layout_json(l, &file_ctx, &all);
	assert_string_equal(json_string_value(json_object_get(j, "lfm_value")), "0xff01");
	json_decref(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_file),
		cmocka_unit_test(single_fields_have_no_names),
		cmocka_unit_test(filters_choose_components),
		cmocka_unit_test(an_ost_is_marked),
		cmocka_unit_test(a_composite_without_v),
		cmocka_unit_test(directories_show_their_defaults),
		cmocka_unit_test(a_directory_without_a_default),
		cmocka_unit_test(times_and_parity),
		cmocka_unit_test(a_file_without_objects),
		cmocka_unit_test(json_has_the_same_keys),
		cmocka_unit_test(a_foreign_value_may_be_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
