/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers that are never given out twice, whatever fails and wherever it stops. */
#include "unit.h"

#include "fault.h"
#include "testfs.h"

#include "base/error.h"
#include "base/idfile.h"

#include <pthread.h>

static struct testfs fs;
static char path[64];

static int make_place(void **state)
{
	(void)state;
	return testfs_make_plain(&fs, path) ? 0 : -1;
}

static int remove_place(void **state)
{
	(void)state;
	testfs_remove_plain(path);
	return 0;
}

static void write_file(const char *text, size_t len)
{
	int fd = openat(fs.dirfd, "ids", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
}

static void numbers_begin_at_one_and_rise(void **state)
{
	struct idfile ids;
	uint64_t id, last = 0;
	(void)state;

	unlinkat(fs.dirfd, "ids", 0);
	assert_int_equal(idfile_init(&ids, fs.dirfd, "ids"), -ENOENT);
	assert_int_equal(idfile_create(fs.dirfd, "ids"), 0);
	assert_int_equal(idfile_create(fs.dirfd, "ids"), -EEXIST);
	for (int start = 0; start < 5;
	     start++) { /* as if it crashed each time: nothing is written at the end */
		assert_int_equal(idfile_init(&ids, fs.dirfd, "ids"), 0);
		for (int i = 0; i < IDFILE_BATCH + 10; i++) {
			assert_int_equal(idfile_next(&ids, &id), 0);
			assert_true(id > last);
			assert_true(last != 0 || id == 1);
			last = id;
		}
		idfile_release(&ids);
	}
	idfile_release(&ids);
}

static void malformed_files_are_refused(void **state)
{
	static const char *const bad[] = { "",       "\n",
					   "1",      "x\n",
					   "0\n",    "-1\n",
					   "1 \n",   "+1\n",
					   "0x10\n", "9223372036854775808\n",
					   "1\n2\n", "111111111111111111111111111111\n" };
	struct idfile ids = { 0 };
	int err;
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		write_file(bad[i], strlen(bad[i]));
		err = idfile_init(&ids, fs.dirfd, "ids");
		assert_true(err == -EUCLEAN || err == -EFBIG);
		assert_non_null(strstr(error_text(err), "ids"));
		idfile_release(&ids);
	}
	write_file("9223372036854775807\n", 20);
	assert_int_equal(idfile_init(&ids, fs.dirfd, "ids"), 0);
	assert_int_equal(idfile_next(&ids, &(uint64_t){ 0 }), -EUCLEAN);
	idfile_release(&ids);
}

/* Raising the bound fails at each of its calls; the numbers before and after, and those of a new
 * start, stay different. */
static void failed_raises_repeat_nothing(void **state)
{
	static const int errs[] = { -EIO, -ENOSPC };
	uint64_t last = 0;
	(void)state;

	unlinkat(fs.dirfd, "ids", 0);
	assert_int_equal(idfile_create(fs.dirfd, "ids"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(errs); i++) {
		struct fault f = fault_start(errs[i]);
		unsigned int fds = open_fds();

		while (fault_next(&f)) {
			struct idfile ids;
			uint64_t id;
			int r;

			fault_pause();
			assert_int_equal(idfile_init(&ids, fs.dirfd, "ids"), 0);
			sys_set_hook(fault_hook, &f);
			r = idfile_next(&ids, &id);
			fault_pause();
			assert_int_equal(r, f.hit ? f.err : 0);
			assert_int_equal(idfile_next(&ids, &id), 0);
			assert_true(id > last);
			last = id;
			idfile_release(&ids);
			assert_int_equal(open_fds(), fds);
		}
	}
}

#define THREADS 4
#define EACH 10000

struct taker {
	struct idfile *ids;
	uint64_t taken[EACH];
	int err;
	pthread_t thread;
};

static void *take(void *cookie)
{
	struct taker *t = cookie;

	for (size_t i = 0; i < EACH && !t->err; i++)
		t->err = idfile_next(t->ids, &t->taken[i]);
	return NULL;
}

static void threads_get_different_numbers(void **state)
{
	struct taker *takers = calloc(THREADS, sizeof(*takers));
	uint8_t *seen = calloc(THREADS, EACH);
	struct idfile ids;
	(void)state;

	assert_true(takers && seen);
	unlinkat(fs.dirfd, "ids", 0);
	assert_int_equal(idfile_create(fs.dirfd, "ids"), 0);
	assert_int_equal(idfile_init(&ids, fs.dirfd, "ids"), 0);
	for (size_t i = 0; i < THREADS; i++) {
		takers[i].ids = &ids;
		assert_int_equal(pthread_create(&takers[i].thread, NULL, take, &takers[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(takers[i].thread, NULL);
		assert_int_equal(takers[i].err, 0);
		for (size_t j = 0; j < EACH; j++) {
			uint64_t id = takers[i].taken[j];

			assert_in_range(id, 1, THREADS * EACH);
			assert_false(seen[id - 1]++);
		}
	}
	idfile_release(&ids);
	free(takers);
	free(seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_begin_at_one_and_rise),
		cmocka_unit_test(malformed_files_are_refused),
		cmocka_unit_test(failed_raises_repeat_nothing),
		cmocka_unit_test(threads_get_different_numbers),
	};

	return cmocka_run_group_tests(tests, make_place, remove_place);
}
