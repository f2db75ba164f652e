/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Allocation by property: who gets how much, never a full one, devices before OSTs. */
#include "unit.h"

#include "random.h"

#include "base/error.h"
#include "base/units.h"
#include "ost/alloc.h"

#include <errno.h>

#define MANY 64

static struct alloc_ost ost_of(uint32_t index, dev_t device, uint64_t avail)
{
	return (struct alloc_ost){
		.index = index,
		.usable = true,
		.device = device,
		.total_bytes = 100 * GIB,
		.avail_bytes = avail,
		.total_inodes = 1000,
		.free_inodes = 1000,
	};
}

static size_t position(const struct alloc_ost *osts, size_t count, uint32_t index)
{
	for (size_t i = 0; i < count; i++)
		if (osts[i].index == index)
			return i;
	fail_msg("OST %u was never offered", index);
	return 0;
}

/* Makes `times` components of `count` stripes and counts the stripes of each OST. */
static void run(const struct alloc_ost *osts, size_t ost_count, uint32_t count, unsigned int times,
		unsigned int *ret_taken)
{
	struct alloc_state state = { .random = 1 };
	struct alloc_request request = { .count = count };
	uint32_t got[MANY];
	size_t n;

	memset(ret_taken, 0, ost_count * sizeof(*ret_taken));
	for (unsigned int i = 0; i < times; i++) {
		assert_int_equal(alloc_choose(&state, osts, ost_count, &request, got, &n), 0);
		for (size_t j = 0; j < n; j++)
			ret_taken[position(osts, ost_count, got[j])]++;
	}
}

static void balanced_osts_take_turns(void **state)
{
	struct alloc_ost osts[6];
	unsigned int taken[6];
	(void)state;

	for (uint32_t i = 0; i < 6; i++)
		osts[i] = ost_of(10 + i, 1 + i, 50 * GIB + i * GIB);
	for (uint32_t count = 1; count <= 6; count++) {
		run(osts, 6, count, 60, taken);
		for (size_t i = 0; i < 6; i++)
			assert_int_equal(taken[i], 10 * count);
	}
}

static void devices_take_turns_whatever_their_osts(void **state)
{
	struct alloc_ost osts[] = { ost_of(0, 7, 50 * GIB), ost_of(1, 7, 50 * GIB),
				    ost_of(2, 7, 50 * GIB), ost_of(3, 9, 50 * GIB) };
	unsigned int taken[4];
	(void)state;

	run(osts, 4, 1, 600, taken);
	assert_int_equal(taken[3], 300);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(taken[i], 100);
}

static void emptier_devices_get_more(void **state)
{
	struct alloc_ost osts[] = { ost_of(0, 1, 80 * GIB), ost_of(1, 2, 10 * GIB),
				    ost_of(2, 3, 10 * GIB) };
	unsigned int taken[3];
	(void)state;

	run(osts, 3, 1, 10000, taken);
	assert_in_range(taken[0], 7700, 8300);
	assert_in_range(taken[1], 800, 1200);
	assert_in_range(taken[2], 800, 1200);
}

/* Two OSTs on the large device get half of it each, not each as much as an OST that has one for
 * itself. */
static void osts_share_the_weight_of_their_device(void **state)
{
	struct alloc_ost osts[] = { ost_of(0, 1, 60 * GIB), ost_of(1, 1, 60 * GIB),
				    ost_of(2, 2, 20 * GIB) };
	unsigned int taken[3];
	(void)state;

	run(osts, 3, 1, 8000, taken);
	assert_in_range(taken[0], 2700, 3300);
	assert_in_range(taken[1], 2700, 3300);
	assert_in_range(taken[2], 1700, 2300);
}

static void threshold_is_17_percent(void **state)
{
	struct alloc_ost osts[] = { ost_of(0, 1, 100 * GIB), ost_of(1, 2, 84 * GIB) };
	unsigned int taken[2];
	(void)state;

	run(osts, 2, 1, 1000, taken);
	assert_int_equal(taken[0], 500);
	osts[1].avail_bytes = 80 * GIB;
	run(osts, 2, 1, 1000, taken);
	assert_int_not_equal(taken[0], 500);
}

static void refusals_say_why(void **state)
{
	struct alloc_ost osts[] = { ost_of(0, 1, 10 * GIB), ost_of(1, 2, 10 * GIB),
				    ost_of(2, 3, 10 * GIB) };
	struct alloc_state s = { 0 };
	struct alloc_request any = { .count = 1 };
	struct alloc_request first = { .count = 1, .have_first = true, .first = 1 };
	const uint32_t list[] = { 0, 1 };
	struct alloc_request listed = { .count = 2, .list = list, .list_count = 2 };
	const uint32_t twice[] = { 2, 2 };
	struct alloc_request doubled = { .count = 2, .list = twice, .list_count = 2 };
	uint32_t got[3];
	size_t n = 42;
	(void)state;

	osts[1].avail_bytes = KIB;
	assert_int_equal(alloc_choose(&s, osts, 3, &first, got, &n), -ENOSPC);
	assert_non_null(strstr(error_text(-ENOSPC), "OST 1"));
	assert_int_equal(alloc_choose(&s, osts, 3, &listed, got, &n), -ENOSPC);
	osts[1].usable = false;
	assert_int_equal(alloc_choose(&s, osts, 3, &first, got, &n), -EIO);
	assert_int_equal(alloc_choose(&s, osts, 3, &listed, got, &n), -EIO);
	assert_non_null(strstr(error_text(-EIO), "OST 1 is outside the pool"));
	osts[1].err = -EROFS;
	osts[1].why = "it is read-only";
	assert_int_equal(alloc_choose(&s, osts, 3, &first, got, &n), -EROFS);
	assert_non_null(strstr(error_text(-EROFS), "OST 1 takes no new objects: it is read-only"));
	first.first = 77;
	assert_int_equal(alloc_choose(&s, osts, 3, &first, got, &n), -EIO);
	assert_non_null(strstr(error_text(-EIO), "77"));
	assert_int_equal(alloc_choose(&s, osts, 3, &doubled, got, &n), -EINVAL);
	osts[0].free_inodes = 0;
	osts[2].avail_bytes = 0;
	assert_int_equal(alloc_choose(&s, osts, 3, &any, got, &n), -ENOSPC);
	osts[0].usable = osts[2].usable = false;
	assert_int_equal(alloc_choose(&s, osts, 3, &any, got, &n), -EROFS);
	assert_non_null(strstr(error_text(-EROFS), "OST 1: it is read-only"));
	osts[1].why = NULL;
	assert_int_equal(alloc_choose(&s, osts, 3, &any, got, &n), -EIO);
	assert_int_equal(alloc_choose(&s, NULL, 0, &any, got, &n), -EIO);
	any.count = 0;
	assert_int_equal(alloc_choose(&s, osts, 3, &any, got, &n), -EINVAL);
	assert_int_equal(n, 42);
}

static void first_and_list_are_kept_to(void **state)
{
	struct alloc_ost osts[] = { ost_of(0, 1, 90 * GIB), ost_of(1, 2, 10 * GIB),
				    ost_of(2, 3, 10 * GIB), ost_of(3, 4, 10 * GIB) };
	const uint32_t list[] = { 3, 0, 2 }, again[] = { 3, 3 };
	struct alloc_request first = { .count = 3, .have_first = true, .first = 2 };
	struct alloc_request listed = { .count = 3, .list = list, .list_count = 3 };
	struct alloc_request doubled = {
		.count = 2, .list = again, .list_count = 2, .overstripe = true
	};
	struct alloc_state s = { 0 };
	uint32_t got[8];
	size_t n;
	(void)state;

	assert_int_equal(alloc_choose(&s, osts, 4, &first, got, &n), 0);
	assert_int_equal(n, 3);
	assert_memory_equal(got, ((uint32_t[]){ 2, 3, 0 }), sizeof(list));
	osts[3].usable = false;
	assert_int_equal(alloc_choose(&s, osts, 4, &first, got, &n), 0);
	assert_memory_equal(got, ((uint32_t[]){ 2, 0, 1 }), sizeof(list));
	first.count = 5;
	assert_int_equal(alloc_choose(&s, osts, 4, &first, got, &n), 0);
	assert_int_equal(n, 3);
	first.overstripe = true;
	assert_int_equal(alloc_choose(&s, osts, 4, &first, got, &n), 0);
	assert_int_equal(n, 5);
	assert_memory_equal(got, ((uint32_t[]){ 2, 0, 1, 2, 0 }), 5 * sizeof(uint32_t));
	osts[3].usable = true;
	assert_int_equal(alloc_choose(&s, osts, 4, &listed, got, &n), 0);
	assert_int_equal(n, 3);
	assert_memory_equal(got, list, sizeof(list));
	assert_int_equal(alloc_choose(&s, osts, 4, &doubled, got, &n), 0);
	assert_memory_equal(got, again, sizeof(again));
}

static void other_devices_are_preferred_for_a_mirror(void **state)
{
	struct alloc_ost osts[] = { ost_of(0, 1, 50 * GIB), ost_of(1, 1, 50 * GIB),
				    ost_of(2, 2, 50 * GIB), ost_of(3, 3, 50 * GIB) };
	struct alloc_request request = { .count = 2 };
	struct alloc_state s = { .random = 5 };
	uint32_t got[8];
	size_t n;
	(void)state;

	osts[0].avoid = true; /* and so OST 1, on the same device */
	for (int i = 0; i < 100; i++) {
		assert_int_equal(alloc_choose(&s, osts, 4, &request, got, &n), 0);
		assert_int_equal(n, 2);
		assert_true(got[0] >= 2 && got[1] >= 2);
	}
	request.count = ALLOC_ALL;
	assert_int_equal(alloc_choose(&s, osts, 4, &request, got, &n), 0);
	assert_int_equal(n, 2);
	request.count = 6;
	request.overstripe = true;
	assert_int_equal(alloc_choose(&s, osts, 4, &request, got, &n), 0);
	assert_int_equal(n, 6);
	for (size_t i = 0; i < n; i++)
		assert_true(got[i] >= 2);
	request.overstripe = false;
	request.count = 3;
	assert_int_equal(alloc_choose(&s, osts, 4, &request, got, &n), 0);
	assert_int_equal(n, 3);
	assert_true(got[0] >= 2 && got[1] >= 2 && got[2] < 2);
	osts[2].avail_bytes = osts[3].avail_bytes = 0;
	request.count = ALLOC_ALL;
	assert_int_equal(alloc_choose(&s, osts, 4, &request, got, &n), 0);
	assert_int_equal(n, 2);
}

static uint64_t reserve_of(const struct alloc_ost *o)
{
	return MAX_OF(o->total_bytes / 1000, MIB);
}

static bool can_take(const struct alloc_ost *o)
{
	return o->usable && o->avail_bytes >= reserve_of(o) &&
	       !(o->total_inodes && !o->free_inodes);
}

static size_t random_osts(struct random_source *r, struct alloc_ost *osts)
{
	size_t count = random_range(r, 1, MANY);

	for (size_t i = 0; i < count; i++) {
		osts[i] = ost_of((uint32_t)(i * 3 + 1), random_range(r, 1, 8), 0);
		osts[i].usable = random_range(r, 0, 9) != 0;
		osts[i].total_bytes = random_range(r, 0, 4) ? 100 * GIB : random_u64(r) >> 8;
		osts[i].avail_bytes =
			random_range(r, 0, 4) ? random_range(r, 0, 100 * GIB) : random_u64(r) >> 8;
		osts[i].free_inodes = random_range(r, 0, 9);
		osts[i].total_inodes = random_range(r, 0, 1) ? 1000 : 0;
		osts[i].avoid = random_range(r, 0, 19) == 0;
	}
	return count;
}

/* No stripe more on one device than on another that still had an OST to give. */
static void check_spread(const struct alloc_ost *osts, size_t count, const unsigned int *taken)
{
	unsigned int most = 0;

	for (dev_t d = 1; d <= 8; d++) {
		unsigned int n = 0;

		for (size_t i = 0; i < count; i++)
			n += osts[i].device == d ? taken[i] : 0;
		most = MAX_OF(most, n);
	}
	for (dev_t d = 1; d <= 8; d++) {
		unsigned int n = 0, able = 0;

		for (size_t i = 0; i < count; i++) {
			n += osts[i].device == d ? taken[i] : 0;
			able += osts[i].device == d && can_take(&osts[i]);
		}
		assert_true(n + 1 >= most || n == able);
	}
}

static void any_choice_is_sound(void **state)
{
	struct random_source r = random_start("any_choice_is_sound");
	(void)state;

	for (int round = 0; round < 20000; round++) {
		struct alloc_state s = { .turn = random_u64(&r), .random = random_u64(&r) },
				   before = s;
		struct alloc_ost osts[MANY];
		unsigned int taken[MANY] = { 0 };
		size_t count = random_osts(&r, osts), able = 0, n = 0, n2 = 0;
		struct alloc_request request = { .count = (uint32_t)random_range(&r, 1, MANY),
						 .overstripe = random_range(&r, 0, 3) == 0 };
		uint32_t got[MANY], got2[MANY];
		bool avoiding = false;
		int err;

		for (size_t i = 0; i < count; i++) {
			able += can_take(&osts[i]);
			avoiding = avoiding || osts[i].avoid;
		}
		err = alloc_choose(&s, osts, count, &request, got, &n);
		if (!able) {
			assert_true(err == -ENOSPC || err == -EIO);
			continue;
		}
		assert_int_equal(err, 0);
		assert_int_equal(n,
				 request.overstripe ? request.count : MIN_OF(request.count, able));
		for (size_t i = 0; i < n; i++) {
			size_t p = position(osts, count, got[i]);

			assert_true(can_take(&osts[p]));
			taken[p]++;
			assert_true(request.overstripe || taken[p] == 1);
		}
		if (!request.overstripe && !avoiding)
			check_spread(osts, count, taken);
		assert_int_equal(alloc_choose(&before, osts, count, &request, got2, &n2), 0);
		assert_int_equal(n2, n);
		assert_memory_equal(got, got2, n * sizeof(*got));
		assert_memory_equal(&s, &before, sizeof(s));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(balanced_osts_take_turns),
		cmocka_unit_test(devices_take_turns_whatever_their_osts),
		cmocka_unit_test(emptier_devices_get_more),
		cmocka_unit_test(osts_share_the_weight_of_their_device),
		cmocka_unit_test(threshold_is_17_percent),
		cmocka_unit_test(refusals_say_why),
		cmocka_unit_test(first_and_list_are_kept_to),
		cmocka_unit_test(other_devices_are_preferred_for_a_mirror),
		cmocka_unit_test(any_choice_is_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
