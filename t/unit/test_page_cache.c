/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What large copies do to the page cache: what is in it is copied from there; what wasn't leaves it
 * again, on every rung, in both files; and small copies leave it alone.
 */
#include "test_engine_fixture.h"

#define LARGE_BYTES (40 * MIB)
/* What may stay: windows at the ends, and what was read ahead. */
#define SMALL_REST (4 * MIB)

static bool have_cachestat;

/* Nothing of it is in the page cache; false where that can't be done. */
static bool make_cold(int fd)
{
	uint64_t cached;

	assert_int_equal(fdatasync(fd), 0);
	assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
	return !sys_cached_bytes(fd, 0, LARGE_BYTES, &cached) && cached < MIB;
}

static uint64_t cached_bytes(int fd)
{
	uint64_t bytes;

	assert_int_equal(sys_cached_bytes(fd, 0, LARGE_BYTES, &bytes), 0);
	return bytes;
}

struct large {
	int src, dst;
	struct io_request req;
	struct io_ladder ladder;
	struct io_moved moved;
};

static void large_open(struct large *l, const struct testfs *fs, enum io_rung top)
{
	*l = (struct large){ .src = engine_file(fs, "source"),
			     .dst = engine_file(fs, "destination") };
	engine_write(l->src, 0, LARGE_BYTES, 1);
	l->req = engine_request(fs, l->src, fs, l->dst);
	l->req.len_bytes = LARGE_BYTES;
	l->req.fresh = true;
	engine_ladder(&l->ladder, &l->req, top);
}

static void large_copy(struct large *l, struct engine_hook *h)
{
	uint64_t done;

	engine_hook_set(h);
	assert_int_equal(io_copy(&l->ladder, &l->req, &l->moved, &done), 0);
	engine_hook_end(h);
	assert_int_equal(done, LARGE_BYTES);
}

static void large_close(struct large *l)
{
	io_ladder_release(&l->ladder);
	close(l->src);
	close(l->dst);
}

/* A file system with a device below it, on which the kernel's copy doesn't share extents. */
static const struct testfs *on_a_device(void)
{
	const struct testfs *fs = engine_find("ext4");

	if (!fs)
		print_message("skipped: no file system on a device of our own\n");
	else if (!have_cachestat)
		print_message("skipped: no cachestat(2) here\n");
	return have_cachestat ? fs : NULL;
}

static const struct way {
	const char *name;
	enum io_rung top;
	bool no_direct;
} ways[] = {
	{ "kernel and io_uring", IO_KERNEL, false },
	{ "direct", IO_URING, false },
	{ "io_uring through the page cache", IO_URING, true },
	{ "rw", IO_RW, false },
};

static void what_was_cold_is_cold_again(void **state)
{
	const struct testfs *fs = on_a_device();

	(void)state;
	for (size_t w = 0; fs && w < ARRAY_SIZE(ways); w++) {
		struct engine_hook h = { .no_direct = ways[w].no_direct };
		uint64_t src_cached, dst_cached;
		struct large l;

		large_open(&l, fs, ways[w].top);
		assert_true(make_cold(l.src));
		large_copy(&l, &h);
		src_cached = cached_bytes(l.src);
		dst_cached = cached_bytes(l.dst);
		if (src_cached > SMALL_REST || dst_cached > SMALL_REST)
			fail_msg("%s: %lu KiB of the source and %lu KiB of the destination are in "
				 "the "
				 "page cache",
				 ways[w].name, (unsigned long)(src_cached / KIB),
				 (unsigned long)(dst_cached / KIB));
		assert_int_equal(engine_equal(l.src, 0, l.dst, 0, LARGE_BYTES), LARGE_BYTES);
		large_close(&l);
	}
}

/* Someone is going to read the source again. */
static void a_source_that_is_kept_stays(void **state)
{
	const struct testfs *fs = on_a_device();

	(void)state;
	for (size_t w = 0; fs && w < ARRAY_SIZE(ways); w++) {
		struct engine_hook h = { .no_direct = ways[w].no_direct };
		struct large l;

		large_open(&l, fs, ways[w].top);
		l.req.keep_source = true;
		assert_true(make_cold(l.src));
		large_copy(&l, &h);
		assert_true(cached_bytes(l.src) >= LARGE_BYTES * 9 / 10);
		assert_true(cached_bytes(l.dst) <= SMALL_REST);
		assert_int_equal(engine_equal(l.src, 0, l.dst, 0, LARGE_BYTES), LARGE_BYTES);
		large_close(&l);
	}
}

static void what_is_cached_is_copied_from_there(void **state)
{
	static const enum io_rung tops[] = { IO_KERNEL, IO_URING, IO_RW };

	(void)state;
	for (size_t f = 0; f < engine_fs_count; f++) {
		for (size_t i = 0; i < ARRAY_SIZE(tops); i++) {
			struct engine_hook h = { .only = "uring_read", .count = 1 };
			struct large l;

			large_open(&l, &engine_fs[f], tops[i]);
			large_copy(&l, &h);
			assert_int_equal(atomic_load(&h.seen), 0);
			assert_int_equal(l.moved.bytes[IO_URING], 0);
			if (have_cachestat)
				assert_true(cached_bytes(l.src) >= LARGE_BYTES * 9 / 10);
			large_close(&l);
		}
	}
}

/* Before 6.5, and for who may not ask: by reads that don't wait. */
static void it_is_found_out_without_cachestat(void **state)
{
	const struct testfs *fs = on_a_device();

	(void)state;
	for (int cold = 0; fs && cold < 2; cold++) {
		struct engine_hook h = { .old_linux = true };
		struct large l;

		large_open(&l, fs, IO_URING);
		if (cold)
			assert_true(make_cold(l.src));
		large_copy(&l, &h);
		assert_int_equal(l.moved.bytes[IO_URING] > 0, cold && engine_has_uring());
		large_close(&l);
	}
}

/* Small files are for those who have just written them, or are about to read them. */
static void small_copies_stay_in_the_cache(void **state)
{
	const struct testfs *fs = on_a_device();

	(void)state;
	for (size_t w = 0; fs && w < ARRAY_SIZE(ways); w++) {
		struct engine_hook h = { .no_direct = ways[w].no_direct };
		struct large l;

		large_open(&l, fs, ways[w].top);
		l.req.bulk = false;
		assert_true(make_cold(l.src));
		large_copy(&l, &h);
		assert_int_equal(l.moved.bytes[IO_URING], 0);
		assert_true(cached_bytes(l.dst) >= LARGE_BYTES * 9 / 10);
		large_close(&l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_cold_is_cold_again),
		cmocka_unit_test(a_source_that_is_kept_stays),
		cmocka_unit_test(what_is_cached_is_copied_from_there),
		cmocka_unit_test(it_is_found_out_without_cachestat),
		cmocka_unit_test(small_copies_stay_in_the_cache),
	};
	uint64_t cached;
	int failed, fd;

	engine_setup(400);
	fd = openat(engine_fs[0].dirfd, "probe", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	have_cachestat = fd >= 0 && !sys_cached_bytes(fd, 0, 1, &cached);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	engine_teardown();
	return failed;
}
