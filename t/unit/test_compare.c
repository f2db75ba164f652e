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
#include <pthread.h>
#include <stdatomic.h>
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

/* ---- memory that several comparisons share ---- */

#define LARGE (24 * MIB)

static struct copy_memory little; /* enough for one piece */
static atomic_bool small_is_over, waited_in_vain;

static int full_file(uint64_t size)
{
	static char data[MIB];
	int fd = memfd_create("compare", MFD_CLOEXEC);

	memset(data, 'd', sizeof(data));
	assert_true(fd >= 0);
	for (uint64_t at = 0; at < size; at += sizeof(data))
		assert_int_equal(pwrite(fd, data, sizeof(data), (off_t)at), sizeof(data));
	return fd;
}

/* Goes on only once another file has been compared: somebody who waits for its memory in vain
 * would never get there. */
static void wait_for_another(uint64_t done_bytes, uint64_t total_bytes, void *cookie)
{
	unsigned int waits = 0;

	(void)cookie;
	if (done_bytes == total_bytes || waited_in_vain)
		return;
	while (!small_is_over && waits++ < 10000)
		usleep(1000);
	waited_in_vain = !small_is_over;
}

static void *compare_large(void *cookie)
{
	const int *fds = cookie;
	const struct compare_request req = {
		.fds = fds, .count = 2, .memory = &little, .progress = wait_for_another
	};
	uint64_t bytes;

	assert_int_equal(compare_run(&req, &bytes), 0);
	assert_int_equal(bytes, LARGE);
	return NULL;
}

static bool has_begun(void)
{
	bool begun;

	pthread_mutex_lock(&little.lock);
	begun = little.tickets > 0;
	pthread_mutex_unlock(&little.lock);
	return begun;
}

static void nobody_waits_until_all_of_a_large_file_is_compared(void **state)
{
	int large[2] = { full_file(LARGE), full_file(LARGE) };
	int small[2] = { full_file(MIB), full_file(MIB) };
	const struct compare_request req = { .fds = small, .count = 2, .memory = &little };
	pthread_t thread;
	uint64_t bytes;

	(void)state;
	copy_memory_init(&little, 8 * MIB);
	assert_int_equal(pthread_create(&thread, NULL, compare_large, large), 0);
	while (!has_begun())
		usleep(1000);
	assert_int_equal(compare_run(&req, &bytes), 0);
	assert_int_equal(bytes, MIB);
	small_is_over = true;
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_false(waited_in_vain);
	assert_int_equal(little.used_bytes, 0);
	copy_memory_release(&little);
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(close(large[i]) | close(small[i]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_fails_is_left_out),
		cmocka_unit_test(nobody_waits_until_all_of_a_large_file_is_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
