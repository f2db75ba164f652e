/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sys_read_file(): whole files, also where the file system doesn't say how long they are. */
#include "unit.h"

#include "testfs.h"

#include "base/sys.h"

#include <errno.h>

static struct testfs fs;
static char place[64];

static int make_place(void **state)
{
	(void)state;
	return testfs_make_plain(&fs, place) ? 0 : -1;
}

static int remove_place(void **state)
{
	(void)state;
	testfs_remove_plain(place);
	return 0;
}

static void write_file(size_t len)
{
	int fd = openat(fs.dirfd, "f", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(write(fd, &"abcdefg"[i % 7], 1), 1);
	close(fd);
}

static void files_up_to_the_limit(void **state)
{
	(void)state;
	for (size_t len = 0; len <= 20; len++) {
		CLEANUP_FREE char *text = NULL;
		size_t got = 99;
		int err;

		write_file(len);
		err = sys_read_file(fs.dirfd, "f", 16, &text, &got);
		assert_int_equal(err, len > 16 ? -EFBIG : 0);
		if (err)
			continue;
		assert_int_equal(got, len);
		assert_int_equal(strlen(text), len);
		assert_true(len == 0 || text[len - 1] == "abcdefg"[(len - 1) % 7]);
	}
}

/* Files of procfs have size 0. */
static void files_of_procfs(void **state)
{
	CLEANUP_FREE char *text = NULL;
	size_t len = 0;

	(void)state;
	assert_int_equal(sys_read_file(AT_FDCWD, "/proc/self/stat", 65536, &text, &len), 0);
	assert_int_equal(strtol(text, NULL, 10), getpid());
	assert_int_equal(strlen(text), len);
	assert_int_equal(sys_read_file(AT_FDCWD, "/proc/self/stat", len - 4, &text, &len), -EFBIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_up_to_the_limit),
		cmocka_unit_test(files_of_procfs),
	};

	return cmocka_run_group_tests(tests, make_place, remove_place);
}
