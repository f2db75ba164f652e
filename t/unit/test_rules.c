/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/error.h"
#include "layout/rules.h"
#include "layout/template.h"
#include "layout_random.h"

#include <errno.h>

#define ROUNDS 2000
#define MIB_ (1u << 20)

/* Six OSTs; pool flash has 0 to 2. */
static uint32_t pool_size(const char *pool, void *cookie)
{
	(void)cookie;
	return strcmp(pool, "flash") == 0 ? 3 : 0;
}

static bool pool_has(const char *pool, uint32_t ost_idx, void *cookie)
{
	(void)cookie;
	return strcmp(pool, "flash") == 0 && ost_idx < 3;
}

static const struct layout_limits limits = { .ost_count = 6,
					     .pool_size = pool_size,
					     .pool_has = pool_has };

/* Three components over [0, 1M), [1M, 4M), [4M, EOF), as a request. */
static struct layout *request3(void)
{
	static const uint64_t ends[] = { MIB_, 4 * MIB_, LAYOUT_EOF };
	struct layout *l = layout_new(LAYOUT_COMPOSITE, 3);

	assert_non_null(l);
	for (uint32_t i = 0; i < 3; i++) {
		struct component *c = &l->comps[i];

		c->start = i ? ends[i - 1] : 0;
		c->end = ends[i];
		c->magic = LAYOUT_MAGIC_V1;
		c->pattern = PATTERN_RAID0;
		c->offset_or_gen = LAYOUT_OFFSET_ANY;
		c->stripe_count = (uint16_t)(i + 1);
		c->stripe_size = MIB_;
	}
	return l;
}

/* The same as two mirrors of one component each, and one more. */
static void make_mirrors(struct layout *l)
{
	l->mirror_count = 2;
	l->comps[0].id = l->comps[1].id = 1 << 16;
	l->comps[2].id = 2 << 16;
	l->comps[1].end = LAYOUT_EOF;
	l->comps[2].start = 0;
}

static void set_ost_list(struct component *c, uint16_t count, const uint32_t *osts)
{
	c->magic = LAYOUT_MAGIC_SPECIFIC;
	c->stripe_count = count;
	assert_int_equal(component_set_objects(c, count), 0);
	for (uint32_t i = 0; i < count; i++)
		c->objects[i].ost_idx = osts[i];
}

static void good_requests_pass(void **state)
{
	CLEANUP_LAYOUT struct layout *l = request3();
	static const uint32_t osts[] = { 5, 0 };
	(void)state;

	assert_int_equal(layout_check_request(l, &limits), 0);
	make_mirrors(l);
	assert_int_equal(layout_check_request(l, &limits), 0);
	l->comps[0].id = l->comps[1].id = l->comps[2].id =
		0; /* a start of 0 says where a mirror begins */
	assert_int_equal(layout_check_request(l, &limits), 0);
	l->comps[0].stripe_count = 12;
	l->comps[0].pattern |= PATTERN_OVERSTRIPED;
	l->comps[1].stripe_count = LAYOUT_STRIPE_COUNT_ALL;
	set_ost_list(&l->comps[2], 2, osts);
	l->comps[0].flags = COMP_PREFER_READ;
	assert_int_equal(layout_check_request(l, &limits), 0);
	assert_int_equal(layout_check_request(l, NULL), 0);
}

static void stripe_size_odd(struct layout *l)
{
	l->comps[1].stripe_size = 100000;
}

static void stripe_size_large(struct layout *l)
{
	l->comps[2].stripe_size = 0x80010000u;
}

static void stripe_size_and_end(struct layout *l)
{
	l->comps[0].stripe_size = 4 * MIB_;
}

static void stripes_too_many(struct layout *l)
{
	l->comps[1].stripe_count = 7;
}

static void stripes_beyond_all(struct layout *l)
{
	l->comps[1].stripe_count = 2001;
	l->comps[1].pattern |= PATTERN_OVERSTRIPED;
}

static void pool_unknown(struct layout *l)
{
	memcpy(l->comps[1].pool, "tape", 5);
}

static void pool_too_small(struct layout *l)
{
	memcpy(l->comps[2].pool, "flash", 6);
	l->comps[2].stripe_count = 4;
}

static void first_ost_missing(struct layout *l)
{
	l->comps[0].offset_or_gen = 6;
}

static void first_ost_not_in_pool(struct layout *l)
{
	memcpy(l->comps[1].pool, "flash", 6);
	l->comps[1].offset_or_gen = 4;
}

static void ost_twice(struct layout *l)
{
	set_ost_list(&l->comps[0], 3, (const uint32_t[]){ 1, 2, 1 });
}

static void ost_missing(struct layout *l)
{
	set_ost_list(&l->comps[0], 2, (const uint32_t[]){ 1, 9 });
}

static void ost_list_short(struct layout *l)
{
	set_ost_list(&l->comps[0], 2, (const uint32_t[]){ 1, 2 });
	l->comps[0].stripe_count = 3;
}

static void objects_there(struct layout *l)
{
	assert_int_equal(component_set_objects(&l->comps[2], 3), 0);
}

static void overlap(struct layout *l)
{
	l->comps[1].start = MIB_ / 2;
}

static void gap(struct layout *l)
{
	l->comps[2].start = 5 * MIB_;
}

static void gap_at_front(struct layout *l)
{
	l->comps[0].start = 65536;
}

static void empty_extent(struct layout *l)
{
	l->comps[1].end = l->comps[1].start;
}

static void odd_end(struct layout *l)
{
	l->comps[0].end = l->comps[1].start = MIB_ + 4096;
}

static void after_eof(struct layout *l)
{
	l->comps[1].end = LAYOUT_EOF;
	l->comps[2].start = LAYOUT_EOF;
}

static void wrong_mirror_count(struct layout *l)
{
	make_mirrors(l);
	l->mirror_count = 3;
}

static void too_many_mirrors(struct layout *l)
{
	l->mirror_count = 17;
}

static void torn_mirror(struct layout *l)
{
	make_mirrors(l);
	l->comps[1].id = 2 << 16;
	l->comps[2].id = 1 << 16;
	l->comps[1].start = 0;
	l->comps[0].end = LAYOUT_EOF;
}

static void same_ids(struct layout *l)
{
	l->comps[0].id = l->comps[2].id = 7;
}

static void stale_request(struct layout *l)
{
	l->comps[2].flags = COMP_STALE;
}

static void negated_request(struct layout *l)
{
	l->comps[2].flags = (uint32_t)COMP_NEGATE | COMP_PREFER_READ;
}

static void strange_pattern(struct layout *l)
{
	l->comps[1].pattern = 0x10;
}

static void overstriped_nothing(struct layout *l)
{
	l->comps[1].pattern = PATTERN_OVERSTRIPED;
}

static void on_mdt(struct layout *l)
{
	l->comps[0].pattern = PATTERN_MDT;
}

static void extension(struct layout *l)
{
	l->comps[1].flags = COMP_EXTENSION;
}

static void servers_magic(struct layout *l)
{
	l->magic = LAYOUT_MAGIC_SEL;
}

static void parity(struct layout *l)
{
	l->comps[1].flags = COMP_PARITY;
}

static void compressed(struct layout *l)
{
	l->comps[1].compression = 1;
}

static void released(struct layout *l)
{
	l->comps[1].pattern |= (uint32_t)PATTERN_F_RELEASED;
}

static const struct {
	const char *says;
	void (*spoil)(struct layout *l);
	int err;
} bad_requests[] = {
	{ "component 2: stripe size 100000 is not a multiple of 65536", stripe_size_odd, -EINVAL },
	{ "component 3: stripe size 2147549184 is too large", stripe_size_large, -ERANGE },
	{ "component 1: end 1048576 is not a multiple of its stripe size 4194304",
	  stripe_size_and_end, -EINVAL },
	{ "component 2: stripe count 7 is more than the 6 OSTs of the file system",
	  stripes_too_many, -ERANGE },
	{ "component 2: stripe count 2001 is too large", stripes_beyond_all, -ERANGE },
	{ "component 2: there is no OST pool 'tape'", pool_unknown, -ENOENT },
	{ "component 3: stripe count 4 is more than the 3 OSTs of pool flash", pool_too_small,
	  -ERANGE },
	{ "component 1: first OST 6: there is no such OST, the last one is 5", first_ost_missing,
	  -ERANGE },
	{ "component 2: first OST 4 is not in pool 'flash'", first_ost_not_in_pool, -EINVAL },
	{ "component 1: OST 1 is listed twice", ost_twice, -EINVAL },
	{ "component 1: OST 9: there is no such OST", ost_missing, -ERANGE },
	{ "component 1: stripe count 3 with a list of 2 OSTs", ost_list_short, -EINVAL },
	{ "component 3: has objects already", objects_there, -EINVAL },
	{ "component 2: starts at 524288 and overlaps", overlap, -EINVAL },
	{ "component 3: starts at 5242880 and leaves a gap after 4194304", gap, -EINVAL },
	{ "component 1: starts at 65536 and leaves a gap after 0", gap_at_front, -EINVAL },
	{ "component 2: ends at 1048576, not after its start", empty_extent, -EINVAL },
	{ "component 1: end 1052672 is not a multiple of 65536", odd_end, -EINVAL },
	{ "component 3: ends at 18446744073709551615, not after its start", after_eof, -EINVAL },
	{ "says it has 3 mirrors, its components have 2", wrong_mirror_count, -EINVAL },
	{ "17 mirrors, 1 to 16 are possible", too_many_mirrors, -ERANGE },
	{ "component 3: has the same id 7 as component 1", same_ids, -EINVAL },
	{ "component 3: a new one can't have flags stale", stale_request, -EINVAL },
	{ "component 3: a new one can't have flags 0x80000000", negated_request, -EINVAL },
	{ "component 2: unknown pattern 0x10", strange_pattern, -EINVAL },
	{ "component 2: unknown pattern 0x200", overstriped_nothing, -EINVAL },
	{ "component 1: data on the MDT (-L/--layout mdt) is Lustre's: not on a lovfs volume",
	  on_mdt, -EOPNOTSUPP },
	{ "component 2: self-extending components (-z/--extension-size) are Lustre's: not on a "
	  "lovfs "
	  "volume",
	  extension, -EOPNOTSUPP },
	{ "layout: is as Lustre's servers store it", servers_magic, -EOPNOTSUPP },
	{ "component 2: parity", parity, -EOPNOTSUPP },
	{ "component 2: compression", compressed, -EOPNOTSUPP },
	{ "component 2: released", released, -EOPNOTSUPP },
};

static void bad_requests_are_named(void **state)
{
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(bad_requests); i++) {
		CLEANUP_LAYOUT struct layout *l = request3();
		int err;

		bad_requests[i].spoil(l);
		err = layout_check_request(l, &limits);
		if (err != bad_requests[i].err || !strstr(error_text(err), bad_requests[i].says))
			fail_msg("'%s' (%d), not '%s' (%d)", error_text(err), err,
				 bad_requests[i].says, bad_requests[i].err);
	}
}

/* Components 1 and 2 are one that grows, 3 is another, on Lustre. */
static struct layout *growing(void)
{
	struct layout *l = request3();

	l->comps[1].flags = COMP_EXTENSION;
	l->comps[1].stripe_size = 65536; /* KiB */
	l->comps[1].stripe_count = 0;
	return l;
}

static void extension_first(struct layout *l)
{
	l->comps[0].flags = COMP_EXTENSION;
	l->comps[1].flags = 0;
	l->comps[1].stripe_size = 0;
}

static void extension_twice(struct layout *l)
{
	l->comps[2].flags = COMP_EXTENSION;
}

static void extension_of_mdt(struct layout *l)
{
	l->comps[0].pattern = PATTERN_MDT;
}

static void extension_on_mdt(struct layout *l)
{
	l->comps[1].pattern = PATTERN_MDT;
	l->comps[0].pattern = PATTERN_RAID0;
}

static void second_on_mdt(struct layout *l)
{
	l->comps[2].pattern = PATTERN_MDT;
}

static void mdt_with_objects(struct layout *l)
{
	l->comps[1].flags = 0;
	l->comps[1].stripe_size = 0;
	l->comps[0].pattern = PATTERN_MDT;
	assert_int_equal(component_set_objects(&l->comps[0], 1), 0);
}

static void empty_last(struct layout *l)
{
	l->comps[2].end = l->comps[2].start;
}

static void mdt_and_raid0(struct layout *l)
{
	l->comps[2].pattern = PATTERN_RAID0 | 0x800;
}

static const struct {
	const char *says;
	void (*spoil)(struct layout *l);
} bad_special[] = {
	{ "component 1: an extension needs a component before it", extension_first },
	{ "component 3: extends an extension", extension_twice },
	{ "component 2: a component on the MDT can't be extended", extension_of_mdt },
	{ "component 2: only the first component can be on the MDT", extension_on_mdt },
	{ "component 3: only the first component can be on the MDT", second_on_mdt },
	{ "component 1: can't have objects", mdt_with_objects },
	{ "component 3: ends at 4194304, not after its start", empty_last },
	{ "component 3: unknown pattern 0x801", mdt_and_raid0 },
};

static void what_only_lustre_has_obeys_its_order(void **state)
{
	struct layout_limits lustre = limits;
	CLEANUP_LAYOUT struct layout *good = growing();
	(void)state;

	assert_int_equal(layout_check_request(good, &lustre), -EOPNOTSUPP);
	lustre.special_components = true;
	assert_int_equal(layout_check_request(good, &lustre), 0);
	good->comps[1].start = good->comps[0].end = 0; /* empty: it grows */
	assert_int_equal(layout_check_request(good, &lustre), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad_special); i++) {
		CLEANUP_LAYOUT struct layout *l = growing();
		int err;

		bad_special[i].spoil(l);
		err = layout_check_request(l, &lustre);
		if (err != -EINVAL || !strstr(error_text(err), bad_special[i].says))
			fail_msg("'%s' (%d), not '%s'", error_text(err), err, bad_special[i].says);
	}
}

static void what_has_grown_is_asked_for_as_it_began(void **state)
{
	CLEANUP_LAYOUT struct layout *l = layout_new(LAYOUT_COMPOSITE, 4), *request = NULL;
	(void)state;

	for (uint32_t i = 0; i < 4; i++)
		l->comps[i] = (struct component){ .id = i + 1,
						  .magic = LAYOUT_MAGIC_V1,
						  .pattern = PATTERN_RAID0,
						  .stripe_size = 65536,
						  .stripe_count = 1,
						  .offset_or_gen = LAYOUT_OFFSET_ANY,
						  .flags = i % 2 ? (uint32_t)COMP_EXTENSION
								 : (uint32_t)COMP_INIT };
	l->comps[0].end = l->comps[1].start = 192 * MIB_;
	l->comps[1].end = l->comps[2].start = 1024 * MIB_;
	l->comps[2].end = l->comps[3].start = 1088 * MIB_;
	l->comps[3].end = LAYOUT_EOF;
	request = layout_to_request(l, false);
	assert_non_null(request);
	assert_int_equal(request->magic, LAYOUT_MAGIC_COMPOSITE);
	assert_true(request->comps[0].end == 64 * MIB_);
	assert_true(request->comps[1].start == 64 * MIB_);
	assert_true(request->comps[1].end == 1024 * MIB_);
	assert_true(request->comps[2].start == 1024 * MIB_);
	assert_true(request->comps[2].end == 1024 * MIB_);
	assert_true(request->comps[3].start == 1024 * MIB_);
	assert_int_equal(layout_check_request(
				 request, &(struct layout_limits){ .special_components = true }),
			 0);
	/* No pair: kept as it is. */
	l->comps[1].stripe_size = 1024 * 1024;
	layout_unref(request);
	request = layout_to_request(l, false);
	assert_true(request->comps[0].end == 192 * MIB_);
}

static void a_torn_mirror_is_named(void **state)
{
	CLEANUP_LAYOUT struct layout *l = request3();
	CLEANUP_LAYOUT struct layout *four = layout_new(LAYOUT_COMPOSITE, 4);
	(void)state;

	torn_mirror(l); /* mirrors 1, 2, 1 */
	four->mirror_count = 2;
	for (uint32_t i = 0; i < 3; i++)
		four->comps[i] = l->comps[i];
	four->comps[2] = l->comps[0];
	four->comps[2].id = 1 << 16;
	four->comps[3] = l->comps[0];
	four->comps[3].id = 2 << 16;
	assert_int_equal(layout_check_request(four, &limits), -EINVAL);
	assert_non_null(strstr(error_text(-EINVAL), "component 3: mirror 1 is torn apart"));
}

static void files_obey_stricter_rules(void **state)
{
	struct random_source r = random_start("rules");
	CLEANUP_LAYOUT struct layout *l = random_file_layout(&r, 2, false);
	struct layout_limits many = { .ost_count = 32 };
	struct component *c = &l->comps[0];
	(void)state;

	assert_int_equal(layout_check_file(l, &many), 0);
	many.ost_count = 1;
	c->objects[0].ost_idx = 1;
	assert_int_equal(layout_check_file(l, &many), -EUCLEAN);
	assert_non_null(
		strstr(error_text(-EUCLEAN), "component 1: object on OST 1: there is no such OST"));
	many.ost_count = 0;
	c->flags = 0;
	assert_int_equal(layout_check_file(l, &many), -EUCLEAN);
	assert_non_null(
		strstr(error_text(-EUCLEAN), "component 1: has objects but isn't instantiated"));
	assert_int_equal(component_set_objects(c, 0), 0);
	assert_int_equal(layout_check_file(l, &many), 0);
	c->stripe_size = 0;
	assert_int_equal(layout_check_file(l, &many), -EUCLEAN);
	c->stripe_size = 65536;
	c->flags = COMP_INIT;
	assert_int_equal(layout_check_file(l, &many), -EUCLEAN);
	c->flags = COMP_STALE;
	c->id = 0;
	assert_int_equal(layout_check_file(l, &many), -EUCLEAN);
	assert_non_null(strstr(error_text(-EUCLEAN), "component 1: has no id"));
}

static void resolving_is_done_once(void **state)
{
	struct random_source r = random_start("resolve");
	CLEANUP_LAYOUT struct layout *defaults = layout_new(LAYOUT_PLAIN, 1);
	(void)state;

	defaults->comps[0].stripe_size = 4 * MIB_;
	defaults->comps[0].stripe_count = 2;
	for (int i = 0; i < ROUNDS; i++) {
		CLEANUP_LAYOUT struct layout *file =
			random_file_layout(&r, (uint32_t)random_range(&r, 1, 4), true);
		CLEANUP_LAYOUT struct layout *request = layout_to_request(file,
									  random_range(&r, 0, 1)),
					     *once = NULL, *twice = NULL;
		uint32_t which = (uint32_t)random_range(&r, 0, request->count - 1);

		request->comps[which].stripe_size = 0;
		if (!request->comps[which].object_count)
			request->comps[which].stripe_count = 0;
		assert_int_equal(layout_resolve(request, defaults, &once), 0);
		assert_int_equal(layout_resolve(once, defaults, &twice), 0);
		assert_true(layout_equal(once, twice));
		for (uint32_t c = 0; c < once->count; c++) {
			assert_int_equal(once->comps[c].id, file->comps[c].id);
			assert_int_not_equal(once->comps[c].stripe_size, 0);
			assert_int_not_equal(once->comps[c].stripe_count, 0);
		}
	}
}

static void default_sizes_fit_the_component(void **state)
{
	static const struct {
		uint64_t end;
		uint32_t size;
	} cases[] = {
		{ MIB_, MIB_ },          { 4 * MIB_, 4 * MIB_ }, { 6 * MIB_, 2 * MIB_ },
		{ 3 * MIB_, MIB_ },      { 65536 * 5, 65536 },   { LAYOUT_EOF, 4 * MIB_ },
		{ 64 * MIB_, 4 * MIB_ },
	};
	CLEANUP_LAYOUT struct layout *defaults = layout_new(LAYOUT_PLAIN, 1);
	(void)state;

	defaults->comps[0].stripe_size = 4 * MIB_;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_LAYOUT struct layout *l = layout_new(LAYOUT_COMPOSITE, 1), *got = NULL;

		l->comps[0].end = cases[i].end;
		assert_int_equal(layout_resolve(l, defaults, &got), 0);
		assert_int_equal(got->comps[0].stripe_size, cases[i].size);
		assert_int_equal(got->comps[0].stripe_count, 1);
		assert_int_equal(got->comps[0].pattern, PATTERN_RAID0);
		assert_int_equal(got->comps[0].magic, LAYOUT_MAGIC_V1);
		assert_int_equal(got->comps[0].id, 1);
		assert_int_equal(layout_check_request(got, NULL), 0);
	}
}

static void without_defaults_there_are_built_in_ones(void **state)
{
	CLEANUP_LAYOUT struct layout *l = layout_new(LAYOUT_PLAIN, 1), *got = NULL;
	(void)state;

	memcpy(l->comps[0].pool, "flash", 6);
	assert_int_equal(layout_resolve(l, NULL, &got), 0);
	assert_int_equal(got->comps[0].stripe_size, MIB_);
	assert_int_equal(got->comps[0].stripe_count, 1);
	assert_int_equal(got->comps[0].magic, LAYOUT_MAGIC_V3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_requests_pass),
		cmocka_unit_test(bad_requests_are_named),
		cmocka_unit_test(what_only_lustre_has_obeys_its_order),
		cmocka_unit_test(what_has_grown_is_asked_for_as_it_began),
		cmocka_unit_test(a_torn_mirror_is_named),
		cmocka_unit_test(files_obey_stricter_rules),
		cmocka_unit_test(resolving_is_done_once),
		cmocka_unit_test(default_sizes_fit_the_component),
		cmocka_unit_test(without_defaults_there_are_built_in_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
