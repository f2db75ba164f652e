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

/*
 * Others drop the caches of the whole machine, or hold pages while they write them out: what is in
 * the cache afterwards must be right in one try of these.
 */
#define TRIES 6

typedef bool (*attempt)(const struct testfs *fs, const struct way *way);

static void in_one_try(attempt try, const struct testfs *fs, const struct way *way)
{
	for (int i = 0; i < TRIES; i++) {
		if (try(fs, way))
			return;
		print_message("%s: not so\n", way->name);
	}
	fail_msg("%s: never in %d tries", way->name, TRIES);
}

static void each_way_in_one_try(attempt try)
{
	const struct testfs *fs = on_a_device();

	for (size_t w = 0; fs && w < ARRAY_SIZE(ways); w++)
		in_one_try(try, fs, &ways[w]);
}

static void check_equal(const struct large *l)
{
	assert_int_equal(engine_equal(l->src, 0, l->dst, 0, LARGE_BYTES), LARGE_BYTES);
}

static bool is_cold_again(const struct testfs *fs, const struct way *way)
{
	struct engine_hook h = { .no_direct = way->no_direct };
	uint64_t src_cached, dst_cached;
	struct large l;
	bool right;

	large_open(&l, fs, way->top);
	right = make_cold(l.src);
	large_copy(&l, &h);
	src_cached = cached_bytes(l.src);
	dst_cached = cached_bytes(l.dst);
	right = right && src_cached <= SMALL_REST && dst_cached <= SMALL_REST;
	if (!right)
		print_message("%lu KiB of the source and %lu KiB of the destination are cached\n",
			      (unsigned long)(src_cached / KIB), (unsigned long)(dst_cached / KIB));
	check_equal(&l);
	large_close(&l);
	return right;
}

static void what_was_cold_is_cold_again(void **state)
{
	(void)state;
	each_way_in_one_try(is_cold_again);
}

static bool stays(const struct testfs *fs, const struct way *way)
{
	struct engine_hook h = { .no_direct = way->no_direct };
	struct large l;
	bool right;

	large_open(&l, fs, way->top);
	l.req.keep_source = true;
	right = make_cold(l.src);
	large_copy(&l, &h);
	right = right && cached_bytes(l.src) >= LARGE_BYTES * 9 / 10 &&
		cached_bytes(l.dst) <= SMALL_REST;
	check_equal(&l);
	large_close(&l);
	return right;
}

/* Someone is going to read the source again. */
static void a_source_that_is_kept_stays(void **state)
{
	(void)state;
	each_way_in_one_try(stays);
}

static bool is_copied_from_there(const struct testfs *fs, const struct way *way)
{
	struct engine_hook h = { .only = "uring_read", .count = 1 };
	struct large l;
	bool right;

	large_open(&l, fs, way->top);
	large_copy(&l, &h);
	right = atomic_load(&h.seen) == 0 && l.moved.bytes[IO_URING] == 0 &&
		(!have_cachestat || cached_bytes(l.src) >= LARGE_BYTES * 9 / 10);
	large_close(&l);
	return right;
}

static void what_is_cached_is_copied_from_there(void **state)
{
	static const struct way tops[] = { { "the kernel's copy", IO_KERNEL, false },
					   { "io_uring", IO_URING, false },
					   { "rw", IO_RW, false } };

	(void)state;
	for (size_t f = 0; f < engine_fs_count; f++)
		for (size_t i = 0; i < ARRAY_SIZE(tops); i++)
			in_one_try(is_copied_from_there, &engine_fs[f], &tops[i]);
}

static bool is_found_out(const struct testfs *fs, bool cold)
{
	struct engine_hook h = { .old_linux = true };
	struct large l;
	bool right, by_uring;

	large_open(&l, fs, IO_URING);
	right = !cold || make_cold(l.src);
	large_copy(&l, &h);
	by_uring = l.moved.bytes[IO_URING] > 0;
	large_close(&l);
	return right && by_uring == (cold && engine_has_uring());
}

static bool cached_is_found_out(const struct testfs *fs, const struct way *way)
{
	(void)way;
	return is_found_out(fs, false);
}

static bool cold_is_found_out(const struct testfs *fs, const struct way *way)
{
	(void)way;
	return is_found_out(fs, true);
}

/* Before 6.5, and for who may not ask: by reads that don't wait. */
static void it_is_found_out_without_cachestat(void **state)
{
	static const struct way cached = { "cached", IO_URING, false };
	static const struct way cold = { "cold", IO_URING, false };
	const struct testfs *fs = on_a_device();

	(void)state;
	if (!fs)
		return;
	in_one_try(cached_is_found_out, fs, &cached);
	in_one_try(cold_is_found_out, fs, &cold);
}

static bool stays_in_the_cache(const struct testfs *fs, const struct way *way)
{
	struct engine_hook h = { .no_direct = way->no_direct };
	struct large l;
	bool right;

	large_open(&l, fs, way->top);
	l.req.bulk = false;
	right = make_cold(l.src);
	large_copy(&l, &h);
	assert_int_equal(l.moved.bytes[IO_URING], 0);
	right = right && cached_bytes(l.dst) >= LARGE_BYTES * 9 / 10;
	large_close(&l);
	return right;
}

/* Small files are for those who have just written them, or are about to read them. */
static void small_copies_stay_in_the_cache(void **state)
{
	(void)state;
	each_way_in_one_try(stays_in_the_cache);
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
