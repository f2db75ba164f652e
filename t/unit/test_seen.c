/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Each file once: under all of its names, for one of many threads, as the table grows; a link is
 * not what it leads to.
 */
#include "unit.h"

#include "cli/seen.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES 300
#define NAMES 4
#define THREADS 8

static atomic_uint first[FILES];

static const char *name_of(unsigned int file, unsigned int name, char buf[32])
{
	snprintf(buf, 32, "f%u.%u", file, name);
	return buf;
}

static int make_files(void **state)
{
	static char dir[] = "/tmp/lovfs-seen.XXXXXX";
	char a[32], b[32];

	if (!mkdtemp(dir) || chdir(dir))
		return -1;
	*state = dir;
	for (unsigned int i = 0; i < FILES; i++) {
		int fd = open(name_of(i, 0, a), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

		if (fd < 0 || close(fd))
			return -1;
		/* A third of them have one name, which is asked for again. */
		for (unsigned int k = 1; k < NAMES && i % 3; k++) {
			if (link(name_of(i, 0, a), name_of(i, k, b)))
				return -1;
		}
	}
	return symlink("f0.0", "link") || mkdir("dir", 0700);
}

static int remove_files(void **state)
{
	char name[32];

	for (unsigned int i = 0; i < FILES * NAMES; i++)
		unlink(name_of(i / NAMES, i % NAMES, name));
	unlink("link");
	rmdir("dir");
	return chdir("/") || rmdir(*state);
}

static void *ask_for_all(void *arg)
{
	for (unsigned int k = 0; k < NAMES; k++) {
		for (unsigned int i = 0; i < FILES; i++) {
			char name[32];

			if (!seen_before(arg, name_of(i, i % 3 ? k : 0, name), false))
				atomic_fetch_add(&first[i], 1);
		}
	}
	return NULL;
}

static void each_file_is_begun_by_one(void **state)
{
	pthread_t threads[THREADS];
	struct seen s;

	(void)state;
	seen_init(&s);
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_for_all, &s), 0);
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (unsigned int i = 0; i < FILES; i++)
		assert_int_equal(first[i], 1);
	assert_int_equal(s.count, FILES);
	assert_int_equal(s.singles, FILES / 3);
	seen_release(&s);
}

static void links_and_others(void **state)
{
	struct seen s;

	(void)state;
	seen_init(&s);
	assert_false(seen_before(&s, "link", false));
	assert_false(seen_before(&s, "link", false));
	assert_false(seen_before(&s, "dir", true));
	assert_false(seen_before(&s, "dir", true));
	assert_false(seen_before(&s, "none", true));
	assert_false(seen_before(&s, "none", true));
	assert_false(seen_before(&s, "f0.0", false));
	assert_true(seen_before(&s, "./dir/../f0.0", false));
	assert_true(seen_before(&s, "link", true));
	assert_int_equal(s.count, 1);
	seen_release(&s);
}

/* Once the first million are noted, only files with several links are. */
static void memory_has_a_bound(void **state)
{
	struct seen s;

	(void)state;
	seen_init(&s);
	s.singles = SEEN_SINGLE_MAX;
	assert_false(seen_before(&s, "f0.0", false));
	assert_false(seen_before(&s, "f0.0", false));
	assert_false(seen_before(&s, "f1.0", false));
	assert_true(seen_before(&s, "f1.1", false));
	assert_int_equal(s.count, 1);
	seen_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_file_is_begun_by_one),
		cmocka_unit_test(links_and_others),
		cmocka_unit_test(memory_has_a_bound),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
