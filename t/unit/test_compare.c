/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sparse files are compared while one of them fails, at each call in turn: it is said once, the
 * others are compared further, and what is told to be different is.
 */
#include "unit.h"

#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"
#include "mover/compare.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FILES 3
#define ODD_ONE 2 /* differs in one block */
#define SIZE (10 * GIB + 77)
#define DIFFERENT (5 * GIB)

static struct {
	const char *call; /* whose call number `fail_at` fails */
	unsigned int fail_at, calls;
} fault;

struct told {
	unsigned int lost_count, lost, differences;
};

static int fail_one(const char *call, size_t len_bytes, void *cookie)
{
	(void)len_bytes;
	(void)cookie;
	return strcmp(call, fault.call) == 0 && ++fault.calls == fault.fail_at ? -EIO : 0;
}

static int on_differs(unsigned int index, unsigned int reference, uint64_t start, uint64_t end,
		      void *cookie)
{
	struct told *told = cookie;

	assert_true(index == ODD_ONE || reference == ODD_ONE);
	assert_true(index != reference);
	assert_int_equal(start, DIFFERENT);
	assert_int_equal(end, DIFFERENT + COMPARE_GRAIN_BYTES);
	told->differences++;
	return 0;
}

static int on_unreadable(unsigned int index, int err, void *cookie)
{
	struct told *told = cookie;

	assert_int_equal(err, -EIO);
	told->lost_count++;
	told->lost = index;
	return 0;
}

static int sparse_file(unsigned int number)
{
	static const uint64_t islands[] = { 0, GIB + 5000, DIFFERENT + 100, SIZE - 10 };
	int fd = memfd_create("compare", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)SIZE), 0);
	for (size_t i = 0; i < ARRAY_SIZE(islands); i++)
		assert_int_equal(pwrite(fd, "island", 6, (off_t)islands[i]), 6);
	/* Where the others have a hole, too; and zeros where they have one are no difference. */
	if (number == ODD_ONE)
		assert_int_equal(pwrite(fd, "x", 1, DIFFERENT + 4000), 1);
	if (number == 1)
		assert_int_equal(pwrite(fd, "", 1, 3 * GIB), 1);
	return fd;
}

/* How many calls there were. */
static unsigned int compared_with_fault(const int *fds, const char *call, unsigned int fail_at)
{
	struct told told = { 0 };
	const struct compare_request req = { .fds = fds,
					     .count = FILES,
					     .differs = on_differs,
					     .unreadable = on_unreadable,
					     .cookie = &told };
	uint64_t bytes;

	fault.call = call;
	fault.fail_at = fail_at;
	fault.calls = 0;
	sys_set_hook(fail_one, NULL);
	assert_int_equal(compare_run(&req, &bytes), 0);
	sys_set_hook(NULL, NULL);
	assert_true(bytes < MIB);
	assert_int_equal(told.lost_count, fault.calls >= fail_at);
	assert_true(told.differences <= 1);
	if (told.lost_count == 0 || told.lost != ODD_ONE)
		assert_int_equal(told.differences, 1);
	return fault.calls;
}

static void one_that_fails_is_left_out(void **state)
{
	static const char *const calls[] = { "pread", "seek" };
	int fds[FILES];

	(void)state;
	for (unsigned int i = 0; i < FILES; i++)
		fds[i] = sparse_file(i);
	for (size_t c = 0; c < ARRAY_SIZE(calls); c++) {
		unsigned int n = 1;

		while (compared_with_fault(fds, calls[c], n) >= n)
			n++;
		assert_true(n > 1);
	}
	for (unsigned int i = 0; i < FILES; i++)
		close(fds[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_fails_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
