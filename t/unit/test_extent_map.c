/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The map of extents: as holes_at() says, one search for each extent however many threads go
 * through a file, and a search that fails leaves the others to try.
 */
#include "unit.h"

#include "base/sys.h"
#include "base/units.h"
#include "io/extent_map.h"
#include "io/holes.h"
#include "random.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define THREADS 8
#define SIZE (300 * GIB)
#define ISLANDS 5

static _Atomic unsigned int seeks;

/* Slow, so that the others come while it is under way. */
static int count_seeks(const char *call, size_t len_bytes, void *cookie)
{
	const struct timespec ms = { .tv_nsec = 1000000 };

	(void)len_bytes;
	(void)cookie;
	if (strcmp(call, "seek") == 0) {
		seeks++;
		nanosleep(&ms, NULL);
	}
	return 0;
}

static int fail_first(const char *call, size_t len_bytes, void *cookie)
{
	(void)len_bytes;
	(void)cookie;
	return strcmp(call, "seek") == 0 && seeks++ == 0 ? -EIO : 0;
}

/* An unnamed file with islands of 8 KiB at even distances. */
static int islands(void)
{
	char path[] = "/tmp/lovfs-extents.XXXXXX", data[8192];
	int fd = mkostemp(path, O_CLOEXEC);

	assert_true(fd >= 0);
	unlink(path);
	memset(data, 'd', sizeof(data));
	for (uint64_t i = 1; i <= ISLANDS; i++)
		assert_int_equal(sys_pwrite_full(fd, data, sizeof(data), i * (50 * GIB)), 0);
	assert_int_equal(ftruncate(fd, (off_t)SIZE), 0);
	return fd;
}

static void as_the_file_says(void **state)
{
	struct random_source r = random_start("extent_map");
	int fd = islands(), other = islands();
	struct extent_map m;

	(void)state;
	extent_map_init(&m);
	for (int i = 0; i < 2000; i++) {
		uint64_t pos = random_range(&r, 0, SIZE - 1), want = 0, got = 0;
		bool want_hole = false, hole = false;

		if (i % 2)
			pos = random_range(&r, 1, ISLANDS) * (50 * GIB) + random_range(&r, 0, 9000);
		assert_int_equal(holes_at(fd, pos, SIZE, NULL, &want_hole, &want), 0);
		assert_int_equal(
			extent_map_look(&m, i % 3 ? fd : other, pos, NULL, &hole, &got, NULL), 0);
		assert_int_equal(hole, want_hole);
		assert_int_equal(MIN_OF(got, SIZE), want);
	}
	extent_map_release(&m);
	close(fd);
	close(other);
}

struct walker {
	struct extent_map *m;
	int fd;
	unsigned int number;
	int err;
};

/* As workers do: each has every THREADS-th part of 32 MiB. */
static void *walk(void *arg)
{
	struct walker *w = arg;

	for (uint64_t part = w->number; part < SIZE / (32 * MIB) && !w->err; part += THREADS) {
		uint64_t pos = part * (32 * MIB), end = pos + 32 * MIB;

		while (pos < end && !w->err) {
			bool hole;

			w->err = extent_map_look(w->m, w->fd, pos, NULL, &hole, &pos, NULL);
		}
	}
	return NULL;
}

static int walk_together(struct extent_map *m, int fd)
{
	struct walker walkers[THREADS];
	pthread_t threads[THREADS];
	int bad = 0;

	for (unsigned int i = 0; i < THREADS; i++) {
		walkers[i] = (struct walker){ .m = m, .fd = fd, .number = i };
		assert_int_equal(pthread_create(&threads[i], NULL, walk, &walkers[i]), 0);
	}
	for (unsigned int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		bad += walkers[i].err != 0;
	}
	return bad;
}

/*
 * 300 GiB are 9600 parts and 11 extents. An extent takes two calls at most; threads may come to the
 * front of an extent and to its middle, the later one first.
 */
static void each_extent_is_searched_for_once(void **state)
{
	int fd = islands();
	struct extent_map m;

	(void)state;
	extent_map_init(&m);
	seeks = 0;
	sys_set_hook(count_seeks, NULL);
	assert_int_equal(walk_together(&m, fd), 0);
	sys_set_hook(NULL, NULL);
	assert_true(seeks >= 2 * ISLANDS + 1);
	if (seeks > 2 * (2 * ISLANDS + 1) + 2 * THREADS)
		fail_msg("%u calls", seeks);
	extent_map_release(&m);
	close(fd);
}

static void a_failed_search_is_tried_again(void **state)
{
	int fd = islands();
	struct extent_map m;

	(void)state;
	extent_map_init(&m);
	seeks = 0;
	sys_set_hook(fail_first, NULL);
	assert_int_equal(walk_together(&m, fd), 1);
	sys_set_hook(NULL, NULL);
	extent_map_release(&m);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_file_says),
		cmocka_unit_test(each_extent_is_searched_for_once),
		cmocka_unit_test(a_failed_search_is_tried_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
