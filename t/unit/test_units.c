/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/error.h"
#include "base/units.h"

#include <errno.h>

static void sizes_are_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{ "0", 0 },          { "65536", 65536 },
		{ "64k", 64 * KIB }, { "64KiB", 64 * KIB },
		{ "3M", 3 * MIB },   { "1GB", GIB },
		{ "7t", 7 * TIB },   { "18446744073709551615", UINT64_MAX },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		uint64_t bytes = 1;

		assert_int_equal(size_parse(good[i].text, &bytes), 0);
		assert_int_equal(bytes, good[i].bytes);
	}
}

static void bad_sizes_are_refused(void **state)
{
	static const struct {
		const char *text;
		int err;
	} bad[] = {
		{ "", -EINVAL },
		{ "-1", -EINVAL },
		{ "k", -EINVAL },
		{ "1x", -EINVAL },
		{ "1kk", -EINVAL },
		{ " 1", -EINVAL },
		{ "18446744073709551616", -ERANGE },
		{ "16E", -ERANGE },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint64_t bytes = 42;

		assert_int_equal(size_parse(bad[i].text, &bytes), bad[i].err);
		assert_int_equal(bytes, 42);
		assert_non_null(strstr(error_text(bad[i].err), bad[i].text));
	}
}

static void numbers_keep_to_their_range(void **state)
{
	uint64_t v = 7;
	(void)state;

	assert_int_equal(number_parse("5", 1, 5, &v), 0);
	assert_int_equal(v, 5);
	assert_int_equal(number_parse("6", 1, 5, &v), -ERANGE);
	assert_int_equal(number_parse("0", 1, 5, &v), -ERANGE);
	assert_int_equal(number_parse("5 ", 1, 5, &v), -EINVAL);
	assert_int_equal(v, 5);
}

static void sizes_are_written(void **state)
{
	char buf[SIZE_TEXT_MAX];
	(void)state;

	assert_string_equal(size_text(0, buf), "0");
	assert_string_equal(size_text(1023, buf), "1023");
	assert_string_equal(size_text(1536, buf), "1.5K");
	assert_string_equal(size_text(10 * GIB, buf), "10G");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_read),
		cmocka_unit_test(bad_sizes_are_refused),
		cmocka_unit_test(numbers_keep_to_their_range),
		cmocka_unit_test(sizes_are_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
