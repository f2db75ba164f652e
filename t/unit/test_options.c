/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/error.h"
#include "layout/options.h"
#include "layout/rules.h"
#include "layout_random.h"

#include <errno.h>

/* One option: its letter, then its value; "-f" and "-F" stand for --flags and --comp-flags. NULL
 * ends a line. */
static int feed(struct layout_options *o, const char *const *line)
{
	int err = 0;

	for (; !err && *line; line++) {
		const char *word = *line;
		enum layout_option option = (enum layout_option)word[1];

		if (word[1] == 'f')
			option = LAYOUT_OPTION_FLAGS;
		if (word[1] == 'F')
			option = LAYOUT_OPTION_COMP_FLAGS;
		err = layout_options_add(o, option, word[2] ? word + 2 : NULL);
	}
	return err;
}

static int build(const char *const *line, struct layout **ret)
{
	struct layout_options o;
	int err;

	layout_options_init(&o);
	err = feed(&o, line);
	if (err)
		layout_options_release(&o);
	else
		err = layout_options_finish(&o, ret);
	return err;
}

#define BUILD(...) build_good((const char *const[]){ __VA_ARGS__, NULL })
static struct layout *build_good(const char *const *line)
{
	struct layout *l = NULL;
	int err = build(line, &l);

	if (err)
		fail_msg("%s", error_text(err));
	return l;
}

static void assert_component(const struct layout *l, uint32_t idx, uint64_t start, uint64_t end,
			     uint32_t size, uint16_t count)
{
	const struct component *c = &l->comps[idx];

	assert_true(c->start == start);
	assert_true(c->end == end);
	assert_int_equal(c->stripe_size, size);
	assert_int_equal(c->stripe_count, count);
}

static void nothing_asks_for_nothing(void **state)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	struct layout_options o;
	(void)state;

	layout_options_init(&o);
	assert_false(layout_options_given(&o));
	assert_int_equal(layout_options_finish(&o, &l), 0);
	assert_int_equal(l->kind, LAYOUT_PLAIN);
	assert_component(l, 0, 0, LAYOUT_EOF, 0, 0);
	assert_int_equal(l->comps[0].offset_or_gen, LAYOUT_OFFSET_ANY);
	assert_int_equal(layout_check_request(l, NULL), 0);
}

static void plain_layouts(void **state)
{
	CLEANUP_LAYOUT struct layout *a = BUILD("-c3", "-S64K", "-i2"),
				     *b = BUILD("-c-1", "-i-1", "-pfs.flash"),
				     *c = BUILD("-C12", "-S1M"), *d = BUILD("-o1,3-5", "-i4"),
				     *e = BUILD("-S64", "-Lraid0", "-pnone"),
				     *f = BUILD("-o2,2", "-o0");
	static const uint32_t osts[] = { 1, 3, 4, 5 };
	(void)state;

	assert_component(a, 0, 0, LAYOUT_EOF, 65536, 3);
	assert_int_equal(a->comps[0].offset_or_gen, 2);
	assert_int_equal(b->comps[0].stripe_count, LAYOUT_STRIPE_COUNT_ALL);
	assert_int_equal(b->comps[0].offset_or_gen, LAYOUT_OFFSET_ANY);
	assert_string_equal(b->comps[0].pool, "flash");
	assert_int_equal(b->comps[0].magic, LAYOUT_MAGIC_V3);
	assert_int_equal(c->comps[0].pattern, PATTERN_RAID0 | PATTERN_OVERSTRIPED);
	assert_int_equal(d->comps[0].magic, LAYOUT_MAGIC_SPECIFIC);
	assert_int_equal(d->comps[0].stripe_count, 4);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(d->comps[0].objects[i].ost_idx, osts[i]);
	assert_component(e, 0, 0, LAYOUT_EOF, 65536, 0);
	assert_string_equal(e->comps[0].pool, "");
	assert_int_equal(f->comps[0].stripe_count, 3);
	assert_int_equal(f->comps[0].pattern, PATTERN_RAID0 | PATTERN_OVERSTRIPED);
}

static void components_inherit_what_they_are_not_told(void **state)
{
	CLEANUP_LAYOUT struct layout *l = BUILD("-c2", "-S1M", "-pflash", "-i3", "-E4M", "-E64M",
						"-c4", "-Eeof", "-S4M", "-pnone");
	(void)state;

	assert_int_equal(l->kind, LAYOUT_COMPOSITE);
	assert_int_equal(l->mirror_count, 1);
	assert_int_equal(l->count, 3);
	assert_component(l, 0, 0, 4 << 20, 1 << 20, 2);
	assert_component(l, 1, 4 << 20, 64 << 20, 1 << 20, 4);
	assert_component(l, 2, 64 << 20, LAYOUT_EOF, 4 << 20, 4);
	assert_int_equal(l->comps[0].offset_or_gen, 3);
	assert_int_equal(l->comps[1].offset_or_gen, LAYOUT_OFFSET_ANY); /* not inherited */
	assert_string_equal(l->comps[1].pool, "flash");
	assert_int_equal(layout_check_request(l, NULL), 0);
}

static void mirrors(void **state)
{
	CLEANUP_LAYOUT struct layout *l = BUILD("-N", "-fprefer", "-c1", "-N2", "-c2", "-S64K",
						"-N", "-E1M", "-c1", "-E-1", "-c3");
	static const uint32_t ids[] = { 1, 2, 3, 4, 4 };
	(void)state;

	assert_int_equal(l->mirror_count, 4);
	assert_int_equal(l->count, 5);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(l->comps[i].id, ids[i] << 16);
	assert_int_equal(l->comps[0].flags, COMP_PREFER_READ | COMP_PREFER_WRITE);
	assert_int_equal(l->comps[1].flags, 0);
	assert_component(l, 1, 0, LAYOUT_EOF, 65536, 2);
	assert_component(l, 2, 0, LAYOUT_EOF, 65536, 2);
	assert_component(l, 3, 0, 1 << 20, 65536, 1);
	assert_component(l, 4, 1 << 20, LAYOUT_EOF, 65536, 3);
	assert_int_equal(layout_check_request(l, NULL), 0);
}

static void copies_of_mirrors_own_their_lists(void **state)
{
	CLEANUP_LAYOUT struct layout *l = BUILD("-N3", "-E1M", "-o1", "-Eeof", "-o2,3");
	(void)state;

	assert_int_equal(l->count, 6);
	assert_int_equal(l->comps[5].objects[1].ost_idx, 3);
	assert_int_equal(l->comps[4].id, 3 << 16);
	assert_ptr_not_equal(l->comps[1].objects, l->comps[3].objects);
}

static void a_total_of_mirrors_counts_those_there_are(void **state)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	struct layout_options o;
	(void)state;

	layout_options_init(&o);
	o.existing_mirrors = 1;
	assert_int_equal(layout_options_add(&o, LAYOUT_OPTION_MIRROR, "=3"), 0);
	assert_int_equal(layout_options_finish(&o, &l), 0);
	assert_int_equal(l->mirror_count, 2);
	layout_options_init(&o);
	o.existing_mirrors = 3;
	assert_int_equal(layout_options_add(&o, LAYOUT_OPTION_MIRROR, "=3"), -EEXIST);
	assert_non_null(strstr(error_text(-EEXIST), "there are 3 mirrors already"));
	layout_options_release(&o);
}

static const struct layout_limits on_lustre = { .special_components = true };

static void what_lovfs_cant_do_is_understood(void **state)
{
	CLEANUP_LAYOUT struct layout *dom = BUILD("-S64K", "-E1M", "-Lmdt", "-Eeof", "-c2"),
				     *sel = BUILD("-E1G", "-z64M", "-c1", "-E-1", "-z256M"),
				     *both = BUILD("-N2", "-E1M", "-Lmdt", "-E1G", "-S4M", "-z64M",
						   "-Eeof");
	(void)state;

	assert_int_equal(dom->comps[0].pattern, PATTERN_MDT);
	assert_component(dom, 0, 0, 1 << 20, 1 << 20, 0);
	assert_component(dom, 1, 1 << 20, LAYOUT_EOF, 0, 2);
	assert_int_equal(layout_check_request(dom, NULL), -EOPNOTSUPP);
	assert_non_null(strstr(error_text(-EOPNOTSUPP), "-L/--layout mdt"));
	assert_non_null(strstr(error_text(-EOPNOTSUPP), "not on a lovfs volume"));
	assert_int_equal(layout_check_request(dom, &on_lustre), 0);
	assert_true(layout_mdt_bytes(dom) == 1 << 20);
	/* What a client takes: that of servers' disks it answers with ERANGE. */
	assert_int_equal(sel->magic, LAYOUT_MAGIC_COMPOSITE);
	assert_int_equal(sel->count, 4);
	assert_component(sel, 0, 0, 64 << 20, 0, 1);
	assert_component(sel, 1, 64 << 20, 1 << 30, 65536, 1);
	assert_component(sel, 2, 1 << 30, 1 << 30, 0, 1);
	assert_component(sel, 3, 1 << 30, LAYOUT_EOF, 4 * 65536, 1);
	assert_int_equal(sel->comps[1].flags, COMP_EXTENSION);
	assert_int_equal(layout_check_request(sel, NULL), -EOPNOTSUPP);
	assert_non_null(strstr(error_text(-EOPNOTSUPP), "component 2: self-extending"));
	assert_non_null(strstr(error_text(-EOPNOTSUPP), "-z/--extension-size"));
	assert_int_equal(layout_check_request(sel, &on_lustre), 0);
	assert_true(layout_mdt_bytes(sel) == 0);
	assert_int_equal(both->count, 8);
	assert_component(both, 5, 1 << 20, 1 << 20, 4 << 20, 0);
	assert_int_equal(layout_check_request(both, &on_lustre), 0);
}

static const struct {
	const char *says[2];
	int err;
	const char *line[8];
} bad_lines[] = {
	{ { "-S/--stripe-size '0'", "0 is not possible" }, -EINVAL, { "-S0" } },
	{ { "-S/--stripe-size '100K'", "not a multiple of 64 KiB" }, -EINVAL, { "-S100K" } },
	{ { "-S/--stripe-size '4G'", "too large" }, -ERANGE, { "-S4G" } },
	{ { "-S/--stripe-size '20E'", "64 bits" }, -ERANGE, { "-S20E" } },
	{ { "-S/--stripe-size 'big'", "not a size" }, -EINVAL, { "-Sbig" } },
	{ { "-c/--stripe-count '-2'", "not a number" }, -EINVAL, { "-c-2" } },
	{ { "-c/--stripe-count '3x'", "not a number" }, -EINVAL, { "-c3x" } },
	{ { "-c/--stripe-count '2001'", "0 to 2000" }, -ERANGE, { "-c2001" } },
	{ { "-C/--overstripe-count 'x'", "not a number" }, -EINVAL, { "-Cx" } },
	{ { "-c/--stripe-count", "needs a value" }, -EINVAL, { "-c" } },
	{ { "-i/--stripe-index '70000'", "0 to 65534" }, -ERANGE, { "-i70000" } },
	{ { "-o/--ost '1,,2'", "not a list" }, -EINVAL, { "-o1,,2" } },
	{ { "-o/--ost '5-3'", "5-3 goes backwards" }, -EINVAL, { "-o5-3" } },
	{ { "-o/--ost '0-9999'", "more than 2000" }, -ERANGE, { "-o0-9999" } },
	{ { "-o/--ost '1-'", "not a list" }, -EINVAL, { "-o1-" } },
	{ { "-o/--ost '99999'", "not a list" }, -EINVAL, { "-o99999" } },
	{ { "-o/--ost", "3 OSTs are listed, but the stripe count is 2" },
	  -EINVAL,
	  { "-c2", "-o1-3" } },
	{ { "-o/--ost", "2 OSTs are listed, but the stripe count is 3" },
	  -EINVAL,
	  { "-E1M", "-c3", "-Eeof", "-o1,2" } },
	{ { "-o/--ost", "2 OSTs are listed, but the stripe count is 1" },
	  -EINVAL,
	  { "-N", "-c1", "-o1,2" } },
	{ { "-i/--stripe-index", "OST 7 is not among" }, -EINVAL, { "-i7", "-o1-3" } },
	{ { "-p/--pool 'abcdefghijklmnop'", "at most 15" }, -EINVAL, { "-pabcdefghijklmnop" } },
	{ { "-p/--pool 'a b'", "letters" }, -EINVAL, { "-pa b" } },
	{ { "-p/--pool 'fs.'", "after the dot" }, -EINVAL, { "-pfs." } },
	{ { "-L/--layout 'raid5'", "raid0 and mdt" }, -EINVAL, { "-Lraid5" } },
	{ { "-L/--layout 'mdt'", "needs -E" }, -ERANGE, { "-Lmdt" } },
	{ { "-L/--layout 'mdt'", "can't go with" }, -EINVAL, { "-E1M", "-Lmdt", "-c1" } },
	{ { "-L/--layout 'mdt'", "can't go with -z" },
	  -EINVAL,
	  { "-E1M", "-Lmdt", "-z64M", "-Eeof" } },
	{ { "-L/--layout 'mdt'", "can't go with -S" },
	  -EINVAL,
	  { "-E1M", "-Lmdt", "-S64K", "-Eeof" } },
	{ { "-L/--layout 'mdt'", "at most 1G" }, -ERANGE, { "-E2G", "-Lmdt", "-Eeof" } },
	{ { "-L/--layout 'mdt'", "at most 1G" }, -ERANGE, { "-N", "-Lmdt" } },
	{ { "-L/--layout 'released'", "raid0 and mdt" }, -EINVAL, { "-Lreleased" } },
	{ { "-L/--layout 'mdt'", "only the first" },
	  -EINVAL,
	  { "-E1M", "-E2M", "-Lmdt", "-Eeof" } },
	{ { "-E/--component-end '1000000'", "not a multiple" }, -EINVAL, { "-E1000000" } },
	{ { "-E/--component-end '1M'", "overlaps" }, -EINVAL, { "-E4M", "-E1M" } },
	{ { "-E/--component-end '4M'", "overlaps" }, -EINVAL, { "-E4M", "-E4M" } },
	{ { "-E/--component-end '4M'", "ends at EOF" }, -EINVAL, { "-Eeof", "-E4M" } },
	{ { "-E/--component-end '-2'", "not a size" }, -EINVAL, { "-E-2" } },
	{ { "-z/--extension-size", "needs -E" }, -EINVAL, { "-z64M" } },
	{ { "-z/--extension-size '32M'", "the least is 64M" }, -ERANGE, { "-Eeof", "-z32M" } },
	{ { "-z/--extension-size '5T'", "too large" }, -ERANGE, { "-Eeof", "-z5T" } },
	{ { "-z/--extension-size '100000000'", "not a multiple of 64 KiB" },
	  -EINVAL,
	  { "-Eeof", "-z100000000" } },
	{ { "-z/--extension-size", "67108864 bytes are all of the component" },
	  -EINVAL,
	  { "-E64M", "-z64M", "-Eeof" } },
	{ { "-z/--extension-size", "100663296 is not a multiple of the stripe size 67108864" },
	  -EINVAL,
	  { "-Eeof", "-z96M", "-S64M" } },
	{ { "-E/--component-end", "100663296 is not a multiple of the stripe size 67108864" },
	  -EINVAL,
	  { "-E96M", "-z64M", "-S64M", "-Eeof" } },
	{ { "-N/--mirror-count '0'", "from 1 to 16" }, -EINVAL, { "-N0" } },
	{ { "-N/--mirror-count '17'", "from 1 to 16" }, -EINVAL, { "-N17" } },
	{ { "-N/--mirror-count", "20 mirrors" }, -ERANGE, { "-N10", "-N10" } },
	{ { "-N/--mirror-count", "must stand before" }, -EINVAL, { "-E1M", "-Eeof", "-N" } },
	{ { "--flags 'prefer'", "needs -N" }, -EINVAL, { "-fprefer" } },
	{ { "--flags 'stale'", "stale can't be set" }, -EINVAL, { "-N", "-fstale" } },
	{ { "--comp-flags 'init'", "init can't be set" }, -EINVAL, { "-E1M", "-Finit" } },
	{ { "--comp-flags '^prefer'", "nothing to clear" }, -EINVAL, { "-E1M", "-F^prefer" } },
	{ { "--comp-flags 'fast'", "not component flags" }, -EINVAL, { "-E1M", "-Ffast" } },
	{ { "--comp-flags", "needs -E or -N" }, -EINVAL, { "-Fprefer" } },
};

static void bad_options_are_named(void **state)
{
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(bad_lines); i++) {
		struct layout *l = NULL;
		int err = build(bad_lines[i].line, &l);
		const char *text = error_text(err);

		assert_null(l);
		if (err != bad_lines[i].err || !strstr(text, bad_lines[i].says[0]) ||
		    !strstr(text, bad_lines[i].says[1]))
			fail_msg("%s: '%s' (%d) doesn't say '%s' and '%s'", bad_lines[i].line[0],
				 text, err, bad_lines[i].says[0], bad_lines[i].says[1]);
	}
}

/* Whatever the options, the layout that comes out is one that only limits can refuse. */
static void any_line_gives_a_layout_or_a_reason(void **state)
{
	static const char *const words[] = { "-c1",  "-c0",   "-c-1",  "-C9",      "-S64K",
					     "-S1M", "-i0",   "-i-1",  "-o1,2",    "-o3",
					     "-pfl", "-p",    "-E64K", "-E1M",     "-E7M",
					     "-E1G", "-Eeof", "-N",    "-N2",      "-Lraid0",
					     "-N=3", "-z64M", "-Lmdt", "-fprefer", "-Fnosync",
					     "-S3M" };
	struct random_source r = random_start("options");
	(void)state;

	for (int i = 0; i < 20000; i++) {
		const char *line[9] = { NULL };
		CLEANUP_LAYOUT struct layout *l = NULL;
		int err;

		for (uint64_t n = random_range(&r, 0, 8), w = 0; w < n; w++)
			line[w] = words[random_range(&r, 0, ARRAY_SIZE(words) - 1)];
		error_clear();
		err = build(line, &l);
		if (err)
			assert_true(strchr(error_text(err), '-') == error_text(err));
		else
			err = layout_check_request(l, random_range(&r, 0, 1) ? NULL : &on_lustre);
		assert_true(err != -EOPNOTSUPP || strstr(error_text(err), "not on a lovfs volume"));
		if (err == -EINVAL && l) /* only these depend on options that may be far apart */
			assert_true(
				strstr(error_text(err), "is not a multiple of its stripe size") ||
				strstr(error_text(err), "where another mirror goes on"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_asks_for_nothing),
		cmocka_unit_test(plain_layouts),
		cmocka_unit_test(components_inherit_what_they_are_not_told),
		cmocka_unit_test(mirrors),
		cmocka_unit_test(copies_of_mirrors_own_their_lists),
		cmocka_unit_test(a_total_of_mirrors_counts_those_there_are),
		cmocka_unit_test(what_lovfs_cant_do_is_understood),
		cmocka_unit_test(bad_options_are_named),
		cmocka_unit_test(any_line_gives_a_layout_or_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
