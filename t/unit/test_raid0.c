/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "layout/raid0.h"
#include "random.h"

#include <stdbool.h>

#define ROUNDS 200000

static void known_values(void **state)
{
	(void)state;

	/* 3 stripes of 64 KiB. */
	assert_int_equal(raid0_stripe(65536, 3, 0), 0);
	assert_int_equal(raid0_stripe(65536, 3, 65535), 0);
	assert_int_equal(raid0_stripe(65536, 3, 65536), 1);
	assert_int_equal(raid0_stripe(65536, 3, 3 * 65536), 0);
	assert_int_equal(raid0_object_offset(65536, 3, 3 * 65536 + 5), 65536 + 5);
	assert_int_equal(raid0_file_offset(65536, 3, 2, 65536 + 7), 5 * 65536 + 7);
	assert_int_equal(raid0_object_size(65536, 3, 0, 0), 0);
	assert_int_equal(raid0_object_size(65536, 3, 0, 1), 1);
	assert_int_equal(raid0_object_size(65536, 3, 1, 65536), 0);
	assert_int_equal(raid0_object_size(65536, 3, 1, 65537), 1);
	assert_int_equal(raid0_object_size(65536, 3, 2, 4 * 65536), 65536);
	assert_int_equal(raid0_file_size(65536, 3, 1, 0), 0);
	assert_int_equal(raid0_file_size(65536, 3, 1, 1), 65537);
	assert_int_equal(raid0_file_size(65536, 3, 1, 65536), 2 * 65536);
}

static void nothing_wraps(void **state)
{
	(void)state;

	assert_true(raid0_file_offset(0x80000000u, 2000, 1999, UINT64_MAX) == UINT64_MAX);
	assert_true(raid0_file_size(0x80000000u, 2000, 1999, UINT64_MAX) == UINT64_MAX);
	assert_true(raid0_object_size(65536, 1, 0, UINT64_MAX) == UINT64_MAX);
	assert_true(raid0_object_offset(65536, 1, INT64_MAX) == INT64_MAX);
	assert_true(raid0_object_size(UINT32_MAX, UINT32_MAX, UINT32_MAX - 1, UINT64_MAX) != 0);
}

static void there_and_back(void **state)
{
	struct random_source r = random_start("raid0");
	(void)state;

	for (int i = 0; i < ROUNDS; i++) {
		uint32_t size = (uint32_t)random_range(&r, 1, 32768) * 65536;
		uint32_t count = (uint32_t)random_range(&r, 1, 2000);
		uint64_t offset = random_u64(&r) >> random_range(&r, 1, 40);
		uint32_t stripe = raid0_stripe(size, count, offset);
		uint64_t in_object = raid0_object_offset(size, count, offset);

		assert_true(stripe < count);
		assert_true(raid0_file_offset(size, count, stripe, in_object) == offset);
		/* The byte is the last one of its object in a file that ends behind it. */
		assert_true(raid0_object_size(size, count, stripe, offset) == in_object);
		assert_true(raid0_object_size(size, count, stripe, offset + 1) == in_object + 1);
		assert_true(raid0_file_size(size, count, stripe, in_object + 1) == offset + 1);
	}
}

static void objects_add_up_to_the_file(void **state)
{
	struct random_source r = random_start("raid0 sizes");
	(void)state;

	for (int i = 0; i < ROUNDS / 100; i++) {
		uint32_t size = (uint32_t)random_range(&r, 1, 64) * 65536;
		uint32_t count = (uint32_t)random_range(&r, 1, 50);
		uint64_t end = random_u64(&r) >> random_range(&r, 1, 50), sum = 0, longest = 0;

		for (uint32_t s = 0; s < count; s++) {
			uint64_t object = raid0_object_size(size, count, s, end);
			uint64_t asks = raid0_file_size(size, count, s, object);

			sum += object;
			longest = asks > longest ? asks : longest;
		}
		assert_true(sum == end);
		assert_true(longest == end);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_values),
		cmocka_unit_test(nothing_wraps),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(objects_add_up_to_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
