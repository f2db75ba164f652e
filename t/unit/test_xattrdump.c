/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/error.h"
#include "layout/xattrdump.h"
#include "random.h"

#include <errno.h>
#include <stdio.h>

/* The only layout of a dump: its bytes as text. */
static void assert_dump(const char *dump, const char *path, const char *name, const char *bytes,
			size_t len)
{
	struct xattrdump d = xattrdump_of(dump, strlen(dump));
	struct xattrdump_value v = { 0 };
	int got = xattrdump_next(&d, &v);

	if (got < 0)
		fail_msg("%s: %s", dump, error_text(got));
	assert_int_equal(got, 1);
	assert_string_equal(v.path, path);
	assert_string_equal(v.name, name);
	assert_int_equal(v.len_bytes, len);
	assert_memory_equal(v.bytes, bytes, len);
	xattrdump_value_release(&v);
	assert_int_equal(xattrdump_next(&d, &v), 0);
}

static void each_encoding_is_read(void **state)
{
	(void)state;

	assert_dump("# file: a/b\nlustre.lov=0xd00BD10b\n\n", "a/b", "lustre.lov",
		    "\xd0\x0b\xd1\x0b", 4);
	assert_dump("trusted.lov=0s0AvRCwE=\n", "", "trusted.lov", "\xd0\x0b\xd1\x0b\x01", 5);
	assert_dump("user.lov=0s0AvRCw==", "", "user.lov", "\xd0\x0b\xd1\x0b", 4);
	assert_dump("user.lov=0s0AvRCwEC\r\n", "", "user.lov", "\xd0\x0b\xd1\x0b\x01\x02", 6);
	assert_dump("# file: odd\\012name\\134\nlustre.lov=\"a\\000\\\\\\\"\\377=\"\n",
		    "odd\nname\\", "lustre.lov", "a\0\\\"\xff=", 6);
	assert_dump("lustre.lov=0x\n", "", "lustre.lov", "", 0);
	assert_dump("# a comment\n0xd00b\n", "", "", "\xd0\x0b", 2);
	assert_dump(
		"user.other=0xzz\nlustre.lma=\"x\"\nuser.empty\nlustre.lov=0x01\nuser.lovely=1\n",
		"", "lustre.lov", "\x01", 1);
}

static void raw_bytes_are_taken(void **state)
{
	static const char raw[] = "\xd0\x0b\xd6\x0b\x00# file: no\n";
	struct xattrdump d = xattrdump_of(raw, sizeof(raw) - 1);
	struct xattrdump_value v = { 0 };
	(void)state;

	assert_int_equal(xattrdump_next(&d, &v), 1);
	assert_int_equal(v.len_bytes, sizeof(raw) - 1);
	xattrdump_value_release(&v);
	assert_int_equal(xattrdump_next(&d, &v), 0);
}

static void many_files_in_one_dump(void **state)
{
	static const char dump[] =
		"# file: a\nlustre.lov=0x01\n\n# file: b\nuser.x=0x05\nlustre.lov=0x02\n";
	struct xattrdump d = xattrdump_of(dump, strlen(dump));
	struct xattrdump_value v = { 0 };
	(void)state;

	assert_int_equal(xattrdump_next(&d, &v), 1);
	assert_string_equal(v.path, "a");
	xattrdump_value_release(&v);
	assert_int_equal(xattrdump_next(&d, &v), 1);
	assert_string_equal(v.path, "b");
	assert_int_equal(v.bytes[0], 2);
	xattrdump_value_release(&v);
	assert_int_equal(xattrdump_next(&d, &v), 0);
}

static void what_is_no_dump_is_named(void **state)
{
	static const struct {
		const char *dump, *says;
		int err;
	} bad[] = {
		{ "", "no lustre.lov", -ENODATA },
		{ "# file: x\nuser.y=0x00\n", "no lustre.lov", -ENODATA },
		{ "lustre.lov=0x123\n", "line 1: the value", -EINVAL },
		{ "\n\nlustre.lov=0x1g\n", "line 3: the value", -EINVAL },
		{ "lustre.lov=0sAB=C\n", "line 1: the value", -EINVAL },
		{ "lustre.lov=0sABC\n", "line 1: the value", -EINVAL },
		{ "lustre.lov=\"abc\n", "line 1: the value", -EINVAL },
		{ "lustre.lov=\"a\\9\"\n", "line 1: the value", -EINVAL },
		{ "lustre.lov=\"a\\777\"\n", "line 1: the value", -EINVAL },
		{ "lustre.lov=abc\n", "line 1: the value", -EINVAL },
		{ "# file: x\\\nlustre.lov=0x\n", "line 1: the file name", -EINVAL },
		{ "hello world\n", "line 1: neither", -EINVAL },
		{ "\x7f"
		  "ELF",
		  "line 1: neither", -EINVAL },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct xattrdump d = xattrdump_of(bad[i].dump, strlen(bad[i].dump));
		struct xattrdump_value v = { 0 };
		int err = xattrdump_next(&d, &v);

		if (err != bad[i].err || !strstr(error_text(err), bad[i].says))
			fail_msg("%s: %d %s", bad[i].dump, err, error_text(err));
		assert_null(v.bytes);
	}
}

/* Random bytes and pieces of dumps end, and never crash. */
static void anything_may_be_in_the_file(void **state)
{
	static const char *const pieces[] = {
		"# file: ", "lustre.lov=",     "0x", "0s", "\"", "\\", "\n", "=", "a",
		"12",       "\xd0\x0b\xd1\x0b"
	};
	struct random_source r = random_start("xattrdump");
	(void)state;

	for (int i = 0; i < 20000; i++) {
		char text[128], *copy;
		size_t len = 0;
		struct xattrdump d;
		struct xattrdump_value v;

		for (uint64_t n = random_range(&r, 0, 12); n > 0; n--) {
			const char *piece = pieces[random_range(&r, 0, ARRAY_SIZE(pieces) - 1)];

			memcpy(text + len, piece, strlen(piece));
			len += strlen(piece);
		}
		copy = malloc(len + 1);
		memcpy(copy, text, len);
		d = xattrdump_of(copy, len);
		while (xattrdump_next(&d, &v) == 1)
			xattrdump_value_release(&v);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_encoding_is_read),
		cmocka_unit_test(raw_bytes_are_taken),
		cmocka_unit_test(many_files_in_one_dump),
		cmocka_unit_test(what_is_no_dump_is_named),
		cmocka_unit_test(anything_may_be_in_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
