/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/error.h"
#include "layout/mirror_cut.h"
#include "layout/options.h"
#include "layout/rules.h"

#include <errno.h>

#define PREFER (COMP_PREFER_READ | COMP_PREFER_WRITE)

struct word {
	enum layout_option option;
	const char *value;
};

static struct layout *build(const struct word *words, size_t count)
{
	struct layout_options o;
	struct layout *l = NULL;

	layout_options_init(&o);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(layout_options_add(&o, words[i].option, words[i].value), 0);
	assert_int_equal(layout_options_finish(&o, &l), 0);
	return l;
}
#define BUILD(...)                                                                                 \
	build((const struct word[]){ __VA_ARGS__ },                                                \
	      ARRAY_SIZE(((const struct word[]){ __VA_ARGS__ })))

static void release(struct layout **requests, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		layout_unref(requests[i]);
}

static void each_mirror_is_a_request_of_its_own(void **state)
{
	CLEANUP_LAYOUT struct layout *l = BUILD(
		{ 'N', NULL }, { LAYOUT_OPTION_FLAGS, "prefer" }, { 'o', "3,1" }, { 'N', "2" },
		{ 'E', "1M" }, { 'c', "1" }, { 'E', "-1" }, { 'c', "2" }, { 'p', "fast" });
	static const uint32_t counts[] = { 1, 2, 2 };
	struct layout *requests[LAYOUT_MIRRORS_MAX];
	unsigned int count = 0;
	(void)state;

	assert_int_equal(mirror_cut(l, requests, &count), 0);
	assert_int_equal(count, 3);
	for (unsigned int i = 0, at = 0; i < count; i++) {
		const struct layout *one = requests[i];

		assert_int_equal(one->kind, LAYOUT_COMPOSITE);
		assert_int_equal(one->mirror_count, 1);
		assert_int_equal(one->count, counts[i]);
		for (uint32_t c = 0; c < one->count; c++, at++) {
			assert_int_equal(one->comps[c].id, 0);
			assert_int_equal(one->comps[c].flags, l->comps[at].flags);
			assert_true(one->comps[c].start == l->comps[at].start);
			assert_true(one->comps[c].end == l->comps[at].end);
			assert_int_equal(one->comps[c].stripe_count, l->comps[at].stripe_count);
			assert_string_equal(one->comps[c].pool, l->comps[at].pool);
		}
		assert_int_equal(layout_check_request(one, NULL), 0);
	}
	assert_int_equal(requests[0]->comps[0].flags, PREFER);
	assert_int_equal(requests[0]->comps[0].magic, LAYOUT_MAGIC_SPECIFIC);
	assert_int_equal(requests[0]->comps[0].objects[0].ost_idx, 3);
	assert_int_equal(requests[0]->comps[0].objects[1].ost_idx, 1);
	assert_true(requests[0]->comps[0].objects != l->comps[0].objects);
	release(requests, count);
}

static void one_mirror_is_one_request(void **state)
{
	CLEANUP_LAYOUT struct layout *plain = BUILD({ 'c', "2" }),
				     *comps = BUILD({ 'E', "1M" }, { 'E', "-1" }, { 'c', "2" }),
				     *flagged = BUILD({ 'N', NULL },
						      { LAYOUT_OPTION_FLAGS, "prefrd" });
	struct layout *requests[LAYOUT_MIRRORS_MAX];
	unsigned int count = 0;
	(void)state;

	assert_int_equal(mirror_cut(plain, requests, &count), 0);
	assert_int_equal(count, 1);
	assert_true(layout_equal(requests[0], plain));
	release(requests, count);
	assert_int_equal(mirror_cut(comps, requests, &count), 0);
	assert_int_equal(count, 1);
	assert_true(layout_equal(requests[0], comps));
	release(requests, count);
	assert_int_equal(mirror_cut(flagged, requests, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(requests[0]->comps[0].flags, COMP_PREFER_READ);
	release(requests, count);
}

/* Requests of others than lfs may leave the ids 0: a component at 0 begins a mirror. */
static void mirrors_without_ids(void **state)
{
	CLEANUP_LAYOUT struct layout *l =
		BUILD({ 'N', "2" }, { 'E', "1M" }, { 'E', "-1" }, { 'N', NULL });
	struct layout *requests[LAYOUT_MIRRORS_MAX];
	unsigned int count = 0;
	(void)state;

	for (uint32_t i = 0; i < l->count; i++)
		l->comps[i].id = 0;
	assert_int_equal(mirror_cut(l, requests, &count), 0);
	assert_int_equal(count, 3);
	assert_int_equal(requests[0]->count, 2);
	assert_int_equal(requests[1]->count, 2);
	assert_int_equal(requests[2]->count, 1);
	release(requests, count);
}

static void too_many(void **state)
{
	CLEANUP_LAYOUT struct layout *l = layout_new(LAYOUT_COMPOSITE, LAYOUT_MIRRORS_MAX + 1);
	struct layout *requests[LAYOUT_MIRRORS_MAX] = { NULL };
	unsigned int count = 99;
	(void)state;

	l->mirror_count = LAYOUT_MIRRORS_MAX + 1;
	for (uint32_t i = 0; i < l->count; i++)
		l->comps[i] = (struct component){ .id = (i + 1) << 16, .end = LAYOUT_EOF };
	assert_int_equal(mirror_cut(l, requests, &count), -ERANGE);
	assert_int_equal(count, 99);
	assert_null(requests[0]);
	l->count--;
	l->mirror_count--;
	assert_int_equal(mirror_cut(l, requests, &count), 0);
	assert_int_equal(count, LAYOUT_MIRRORS_MAX);
	release(requests, count);
	l->count++;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_mirror_is_a_request_of_its_own),
		cmocka_unit_test(one_mirror_is_one_request),
		cmocka_unit_test(mirrors_without_ids),
		cmocka_unit_test(too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
