/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Readers, writers, copies in both directions and commits on the same two files at once. Each byte
 * is always written with the same value, so every read has it or zero. To be run under
 * ThreadSanitizer, too.
 */
#include "test_file_fixture.h"

#include <errno.h>
#include <pthread.h>

#define FILE_BYTES (2 * MIB)
#define ROUNDS 60

static struct bed bed;
static struct file *files[2];
static uint8_t expected[FILE_BYTES];
static atomic_bool done;
static atomic_uint failures;

/* cmocka's asserts are for the main thread only. */
static void check(bool ok, const char *what, ssize_t n)
{
	if (!ok && atomic_fetch_add(&failures, 1) < 10)
		printf("%s gave %zd: %s\n", what, n, n < 0 ? error_text((int)n) : "");
}

static void *write_all(void *arg)
{
	struct file *f = arg;
	ssize_t n;

	for (int i = 0; i < ROUNDS; i++) {
		for (uint64_t at = 0; at < FILE_BYTES; at += (uint64_t)n) {
			size_t len = MIN_OF(3 * STRIPE + 77, FILE_BYTES - at);

			n = file_write(f, FILE_WHOLE, expected + at, len, at);
			check(n == (ssize_t)len, "write", n);
			n = (ssize_t)len;
		}
		n = file_sync(f, FILE_WHOLE, true);
		check(n == 0, "sync", n);
	}
	return NULL;
}

static void *read_all(void *arg)
{
	struct file *f = arg;
	uint8_t *buf = malloc(FILE_BYTES);

	while (!atomic_load(&done)) {
		ssize_t n = file_read(f, FILE_WHOLE, buf, FILE_BYTES, 0);
		bool ok = n >= 0;

		for (ssize_t i = 0; i < n; i++)
			ok = ok && (buf[i] == expected[i] || buf[i] == 0);
		check(ok, "read", n);
	}
	free(buf);
	return NULL;
}

static void *copy_all(void *arg)
{
	struct file *src = arg, *dst = src == files[0] ? files[1] : files[0];
	struct file_copy c = { .src = src, .dst = dst, .ladder = &bed.ladder, .no_share = true };
	struct io_moved moved = { 0 };

	c.len_bytes = FILE_BYTES;
	while (!atomic_load(&done)) {
		ssize_t n = file_copy_range(&c, &moved);

		check(n >= 0, "copy", n);
	}
	return NULL;
}

static void *commit_all(void *arg)
{
	struct file *f = arg;
	uint64_t version = 0;

	while (!atomic_load(&done)) {
		struct file_attr attr;
		struct layout *l;

		file_commit_begin(f);
		l = layout_clone(file_commit_layout(f));
		l->gen++;
		file_commit_set(f, l);
		check(file_data_version(f) >= version, "version", 0);
		version = file_data_version(f);
		file_commit_end(f);
		layout_unref(l);
		check(file_stat(f, FILE_WHOLE, &attr) == 0 && attr.size_bytes <= FILE_BYTES, "stat",
		      (ssize_t)attr.size_bytes);
		file_close_objects(f);
	}
	return NULL;
}

static void test_threads(void **state)
{
	void *(*const others[])(void *) = { read_all, copy_all, commit_all };
	pthread_t writers[2], threads[2][ARRAY_SIZE(others)];
	struct testfs fs;
	char path[64];

	(void)state;
	assert_true(testfs_make_plain_xattrs(&fs, path));
	close(fs.dirfd);
	bed_init(&bed, path, BED_OSTS_MAX);
	fill_pattern(expected, FILE_BYTES, 0, 1);
	files[0] = bed_file(&bed, plain_layout(4));
	files[1] = bed_file(&bed, pfl_layout(LAYOUT_EOF));
	for (int i = 0; i < 2; i++)
		assert_true(bed_instantiate(&bed, files[i], 0, LAYOUT_EOF));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_create(&writers[i], NULL, write_all, files[i]), 0);
		for (size_t k = 0; k < ARRAY_SIZE(others); k++)
			assert_int_equal(pthread_create(&threads[i][k], NULL, others[k], files[i]),
					 0);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(writers[i], NULL);
	atomic_store(&done, true);
	for (int i = 0; i < 2; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(others); k++)
			pthread_join(threads[i][k], NULL);
	}
	for (int i = 0; i < 2; i++) {
		assert_content(files[i], expected, FILE_BYTES);
		file_free(files[i]);
	}
	assert_int_equal(atomic_load(&failures), 0);
	bed_release(&bed);
	testfs_remove_plain(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_threads) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
