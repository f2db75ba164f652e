/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CRC-64 as xz computes it; sums of any pieces are those of the whole; what was cut counts as
 * filled up with zeros.
 */
#include "unit.h"

#include "random.h"

#include "base/attr.h"
#include "io/grain_sums.h"

#include <errno.h>
#include <stdlib.h>

/* ECMA-182's polynomial, bit by bit. */
static uint64_t slow_crc64(const unsigned char *bytes, size_t len)
{
	uint64_t crc = UINT64_MAX;

	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xc96c5795d7870f42u : 0);
	}
	return ~crc;
}

/* The check value of the catalogues: CRC-64/XZ. */
static void known_values(void **state)
{
	(void)state;
	assert_true(grain_sums_crc64(0, "123456789", 9) == 0x995dc9bbdf1939fau);
	assert_true(grain_sums_crc64(0, "", 0) == 0);
}

static void any_length_in_any_parts(void **state)
{
	struct random_source r = random_start("any_length_in_any_parts");
	unsigned char bytes[3000];

	(void)state;
	for (int i = 0; i < 300; i++) {
		size_t len = random_range(&r, 0, 2900), cut = random_range(&r, 0, len);
		unsigned char *at = bytes + random_range(&r, 0, 99); /* any alignment */

		for (size_t n = 0; n < len; n++)
			at[n] = (unsigned char)random_u64(&r);
		assert_true(grain_sums_crc64(grain_sums_crc64(0, at, cut), at + cut, len - cut) ==
			    slow_crc64(at, len));
	}
}

static void fill_up(struct random_source *r, unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = (unsigned char)random_u64(r);
}

static void a_cut_grain_is_filled_up_with_zeros(void **state)
{
	struct random_source r = random_start("a_cut_grain");
	unsigned char *bytes = calloc(1, 3 * GRAIN_BYTES);

	(void)state;
	for (int i = 0; i < 30; i++) {
		size_t len = random_range(&r, 1, 3 * GRAIN_BYTES);
		struct grain_sums cut, whole;

		fill_up(&r, bytes, len);
		memset(bytes + len, 0, 3 * GRAIN_BYTES - len);
		assert_int_equal(grain_sums_init(&cut, len), 0);
		assert_int_equal(grain_sums_init(&whole, 3 * GRAIN_BYTES), 0);
		assert_false(grain_sums_complete(&cut));
		grain_sums_take(&cut, 0, bytes, len);
		grain_sums_take(&whole, 0, bytes, 3 * GRAIN_BYTES);
		assert_true(grain_sums_complete(&cut));
		for (uint64_t k = 0; k < 3; k++) {
			assert_true(grain_sums_at(&cut, k) == grain_sums_at(&whole, k));
			assert_true(grain_sums_at(&cut, k) ==
				    slow_crc64(bytes + k * GRAIN_BYTES, GRAIN_BYTES));
		}
		grain_sums_release(&cut);
		grain_sums_release(&whole);
	}
	free(bytes);
}

static void holes_are_zeros(void **state)
{
	static const unsigned char zeros[5 * GRAIN_BYTES];
	struct grain_sums read, hole;

	(void)state;
	assert_int_equal(grain_sums_init(&read, 5 * GRAIN_BYTES - 7), 0);
	assert_int_equal(grain_sums_init(&hole, 5 * GRAIN_BYTES - 7), 0);
	grain_sums_take(&read, 0, zeros, 5 * GRAIN_BYTES - 7);
	grain_sums_take_zeros(&hole, GRAIN_BYTES, 3 * GRAIN_BYTES);
	assert_true(!grain_sums_at(&hole, 0) && !grain_sums_at(&hole, 3));
	assert_false(grain_sums_complete(&hole));
	grain_sums_take_zeros(&hole, 3 * GRAIN_BYTES, 5 * GRAIN_BYTES - 7);
	grain_sums_take_zeros(&hole, 0, GRAIN_BYTES);
	assert_true(grain_sums_complete(&hole));
	for (uint64_t i = 0; i < 7; i++) /* also where both have ended */
		assert_true(grain_sums_at(&hole, i) == grain_sums_at(&read, i));
	grain_sums_release(&read);
	grain_sums_release(&hole);
}

static void what_is_known_isnt_overwritten(void **state)
{
	struct random_source r = random_start("fill");
	unsigned char bytes[2][GRAIN_BYTES];
	struct grain_sums old, new;
	uint64_t first;

	(void)state;
	fill_up(&r, bytes[0], sizeof(bytes));
	assert_int_equal(grain_sums_init(&old, 2 * GRAIN_BYTES), 0);
	assert_int_equal(grain_sums_init(&new, 3 * GRAIN_BYTES), 0);
	grain_sums_take(&old, 0, bytes[0], sizeof(bytes));
	grain_sums_take(&new, 0, bytes[1], GRAIN_BYTES);
	first = grain_sums_at(&new, 0);
	grain_sums_fill(&new, &old);
	assert_true(grain_sums_at(&new, 0) == first && first == grain_sums_at(&old, 1));
	assert_true(grain_sums_at(&new, 1) == grain_sums_at(&old, 1));
	assert_true(grain_sums_at(&new, 2) == new.of_zeros);
	grain_sums_release(&old);
	grain_sums_release(&new);
}

static void too_large_a_file_has_none(void **state)
{
	struct grain_sums g;

	(void)state;
	assert_int_equal(grain_sums_init(&g, GRAIN_SUMS_MAX * GRAIN_BYTES + 1), -EFBIG);
	grain_sums_release(&g);
	assert_int_equal(grain_sums_init(&g, UINT64_MAX), -EFBIG);
	assert_int_equal(grain_sums_init(&g, 0), 0);
	assert_true(grain_sums_complete(&g));
	grain_sums_release(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_values),
		cmocka_unit_test(any_length_in_any_parts),
		cmocka_unit_test(a_cut_grain_is_filled_up_with_zeros),
		cmocka_unit_test(holes_are_zeros),
		cmocka_unit_test(what_is_known_isnt_overwritten),
		cmocka_unit_test(too_large_a_file_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
