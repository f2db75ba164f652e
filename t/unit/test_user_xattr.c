/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "random.h"

#include "base/attr.h"
#include "mdt/user_xattr.h"

static void reserved_names_are_known(void **state)
{
	static const struct {
		const char *name;
		bool privileged, unprivileged;
	} names[] = {
		{ "trusted.lov", true, false },
		{ "user.lov", false, true },
		{ "trusted.lma", true, false },
		{ "user.som", false, true },
		{ "user.fid", false, true },
		{ "trusted.link", true, false },
		{ "user.lovely", false, false },
		{ "user.lo", false, false },
		{ "user.", false, false },
		{ "lustre.lov", false, false },
		{ "lustre.lma", true, true },
		{ "lustre.", true, true },
		{ "lustre.lov2", true, true },
		{ "lustre", false, false },
		{ "trusted.other", false, false },
		{ "security.lov", false, false },
		{ "User.lov", false, false },
		{ "", false, false },
		{ "system.posix_acl_access", false, false },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(user_xattr_reserved(names[i].name, true), names[i].privileged);
		assert_int_equal(user_xattr_reserved(names[i].name, false), names[i].unprivileged);
	}
}

static void lists_are_filtered(void **state)
{
	char list[] =
		"trusted.lov\0user.a\0trusted.lma\0trusted.som\0user.lov\0security.x\0trusted.fid";
	const char left[] = "user.a\0user.lov\0security.x";
	(void)state;

	assert_int_equal(user_xattr_filter(list, sizeof(list), true), sizeof(left));
	assert_memory_equal(list, left, sizeof(left));
	assert_int_equal(user_xattr_filter(list, sizeof(left), true), sizeof(left));
	assert_int_equal(user_xattr_filter(list, 0, true), 0);
	/* What doesn't end is no name. */
	memcpy(list, "user.a\0user.b", 13);
	assert_int_equal(user_xattr_filter(list, 13, true), 7);
}

/* Any bytes: nothing beyond them is read, and what is left is names that were there. */
static void any_bytes_are_survived(void **state)
{
	static const char letters[] = "trusted.lov\0user.lma\0lustre.\0";
	struct random_source r = random_start("any_bytes_are_survived");
	(void)state;

	for (int round = 0; round < 20000; round++) {
		size_t len = random_range(&r, 0, 80), left;
		char *list = malloc(len ? len : 1);

		assert_non_null(list);
		for (size_t i = 0; i < len;) {
			size_t from = random_range(&r, 0, 2)
					      ? 0
					      : random_range(&r, 0, sizeof(letters) - 2);
			size_t n = random_range(&r, 1, sizeof(letters) - from - 1);

			n = MIN_OF(n, len - i);
			memcpy(list + i, letters + from, n);
			i += n;
		}
		left = user_xattr_filter(list, len, true);
		assert_true(left <= len);
		assert_true(left == 0 || list[left - 1] == '\0');
		for (size_t i = 0; i < left; i += strlen(list + i) + 1)
			assert_false(user_xattr_reserved(list + i, true));
		free(list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reserved_names_are_known),
		cmocka_unit_test(lists_are_filtered),
		cmocka_unit_test(any_bytes_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
