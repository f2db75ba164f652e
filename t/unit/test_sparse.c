/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sparse files: the blocks of the destination follow the data of the source on every rung, nothing
 * is written for a hole, and a file of 10 GiB with a few islands takes no longer than its islands.
 */
#include "test_engine_fixture.h"

#include "base/clock.h"
#include "copy/filecopy.h"

#include <linux/falloc.h>

#define LARGE_BYTES (10 * GIB + 12345)
#define ISLANDS 9
/*
 * What file systems add: ends of blocks, indirect blocks, btrees. XFS also gives blocks in advance
 * to a file that grows, and takes back only those that are behind its end when it is closed.
 */
static uint64_t slack_bytes(const struct testfs *fs)
{
	return strcmp(fs->name, "xfs") ? 64 * KIB : ISLANDS * 64 * KIB;
}

static struct {
	_Atomic uint64_t read, written, allocated, punched;
} sums;

static _Atomic unsigned int seeks;
static unsigned int stop_after; /* seeks; 0: never */
static atomic_bool stop;

static int count_seeks(const char *call, size_t len_bytes, void *cookie)
{
	(void)len_bytes;
	(void)cookie;
	if (strcmp(call, "seek") == 0 && ++seeks == stop_after)
		atomic_store(&stop, true);
	return 0;
}

static void add_up(const struct sys_data_call *call, void *cookie)
{
	(void)cookie;
	if (!strcmp(call->name, "pread") || !strcmp(call->name, "uring_read"))
		atomic_fetch_add(&sums.read, call->len_bytes);
	else if (!strcmp(call->name, "pwrite") || !strcmp(call->name, "uring_write") ||
		 !strcmp(call->name, "copy_file_range"))
		atomic_fetch_add(&sums.written, call->len_bytes);
	else if (!strcmp(call->name, "fallocate") && call->mode == 0)
		atomic_fetch_add(&sums.allocated, call->len_bytes);
	else if (!strcmp(call->name, "fallocate"))
		atomic_fetch_add(&sums.punched, call->len_bytes);
}

/* Returns how much of it is data. The last island is the end of the file if there is no hole. */
static uint64_t make_islands(int fd, uint64_t size, bool hole_at_end)
{
	static const uint64_t lens[ISLANDS] = { 1,         4096,      70000,
						300 * KIB, 64 * KIB,  2 * MIB + 5,
						128 * KIB, 513 * KIB, 40000 };
	uint64_t data = 0;

	for (uint64_t i = 0; i < ISLANDS; i++) {
		uint64_t at = (i + 1) * (size / (ISLANDS + 1)) + i * 777;

		if (i == ISLANDS - 1 && !hole_at_end)
			at = size - lens[i];
		engine_write(fd, at, lens[i], 1);
		data += lens[i];
	}
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	assert_int_equal(fsync(fd), 0);
	return data;
}

static bool islands_are_equal(int a, int b, uint64_t size)
{
	for (uint64_t i = 0; i < ISLANDS; i++) {
		uint64_t at = (i + 1) * (size / (ISLANDS + 1)) + i * 777 - 100 * KIB;

		if (engine_equal(a, at, b, at, 3 * MIB) != 3 * MIB)
			return false;
	}
	return engine_equal(a, size - MIB, b, size - MIB, MIB) == MIB;
}

static int closed_and_opened(const struct testfs *fs, int fd)
{
	close(fd);
	fd = openat(fs->dirfd, "destination", O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void start_sums(void)
{
	memset(&sums, 0, sizeof(sums));
	sys_set_recorder(add_up, NULL);
}

static void ten_gib_with_some_islands(void **state)
{
	(void)state;
	for (size_t f = 0; f < engine_fs_count; f++) {
		for (enum io_rung top = IO_SHARE; top < IO_RUNGS; top++) {
			const struct testfs *fs = &engine_fs[f];
			struct engine_hook h = { .cold = top == IO_URING };
			struct io_moved moved = { 0 };
			int src = engine_file(fs, "source"), dst = engine_file(fs, "destination");
			struct io_request req = engine_request(fs, src, fs, dst);
			uint64_t data = make_islands(src, LARGE_BYTES, f % 2), done;
			/* What lies in blocks is data. */
			uint64_t most = data + ISLANDS * (uint64_t)2 * 4096;
			struct io_ladder ladder;

			req.len_bytes = LARGE_BYTES;
			req.fresh = top % 2;
			engine_ladder(&ladder, &req, top);
			engine_hook_set(&h);
			start_sums();
			assert_int_equal(io_copy(&ladder, &req, &moved, &done), 0);
			sys_set_recorder(NULL, NULL);
			engine_hook_end(&h);
			assert_int_equal(engine_moved(&moved), LARGE_BYTES);
			assert_true(sums.written <= most);
			assert_true(sums.read <= most);
			assert_true(sums.allocated <= most);
			assert_int_equal(sums.punched, 0); /* there was nothing */
			assert_int_equal(ftruncate(dst, (off_t)LARGE_BYTES), 0);
			assert_true(islands_are_equal(src, dst, LARGE_BYTES));
			if (fs->physical &&
			    engine_allocated(dst) > engine_allocated(src) + slack_bytes(fs))
				fail_msg("%s, rung %d: %lu KiB are allocated for %lu", fs->name,
					 top, (unsigned long)(engine_allocated(dst) / KIB),
					 (unsigned long)(engine_allocated(src) / KIB));
			io_ladder_release(&ladder);
			close(src);
			close(dst);
		}
	}
}

/* As whole files, by as many threads as it takes, verified; onto nothing and onto old data. */
static void whole_sparse_files(void **state)
{
	(void)state;
	for (size_t f = 0; f < engine_fs_count; f++) {
		for (int n = 0; n < 4; n++) {
			const struct testfs *fs = &engine_fs[f];
			struct engine_hook h = { .cold = true };
			int src = engine_file(fs, "source"), dst = engine_file(fs, "destination");
			uint64_t data = make_islands(src, GIB + 1, n % 2), began_ns;
			const struct filecopy c = { .src_fd = src,
						    .dst_fd = dst,
						    .whole = true,
						    .verify = true,
						    .no_share = n / 2 };
			struct filecopy_result r;
			struct io_ladder ladder;

			if (n / 2) {
				engine_write(dst, 0, 20 * MIB, 2);
				assert_int_equal(ftruncate(dst, 3 * GIB), 0);
			}
			io_ladder_init(&ladder, 0);
			engine_hook_set(&h);
			start_sums();
			began_ns = clock_now_ns();
			assert_int_equal(filecopy_run(&ladder, &c, &r), 0);
			assert_true(clock_now_ns() - began_ns < 20 * NS_PER_S);
			sys_set_recorder(NULL, NULL);
			engine_hook_end(&h);
			assert_int_equal(r.copied_bytes, GIB + 1);
			assert_int_equal(r.verified_bytes, GIB + 1);
			assert_int_equal(engine_size(dst), GIB + 1);
			assert_true(sums.written <= data + ISLANDS * (uint64_t)2 * 4096);
			assert_true(islands_are_equal(src, dst, GIB + 1));
			assert_int_equal(engine_equal(src, 0, dst, 0, 21 * MIB), 21 * MIB);
			if (fs->physical)
				assert_true(engine_allocated(dst) <=
					    engine_allocated(src) + slack_bytes(fs));
			io_ladder_release(&ladder);
			close(src);
			close(dst);
		}
	}
}

/*
 * Of 300 GiB each hole is looked for once, by whichever worker comes first, and not for each part
 * that is handed out; it is verified as quickly. Whoever wishes to stop it needn't wait for its
 * end.
 */
static void the_search_follows_the_islands(void **state)
{
	const uint64_t size = 300 * GIB;

	(void)state;
	for (size_t f = 0; f < engine_fs_count; f++) {
		const struct testfs *fs = &engine_fs[f];
		int src = engine_file(fs, "source"), dst = engine_file(fs, "destination");
		const struct filecopy c = { .src_fd = src,
					    .dst_fd = dst,
					    .whole = true,
					    .verify = true,
					    .no_share = true,
					    .workers = 8,
					    .stop = &stop };
		struct filecopy_result r;
		struct io_ladder ladder;

		make_islands(src, size, true);
		io_ladder_init(&ladder, 0);
		seeks = stop_after = 0;
		sys_set_hook(count_seeks, NULL);
		start_sums();
		assert_int_equal(filecopy_run(&ladder, &c, &r), 0);
		sys_set_recorder(NULL, NULL);
		/*
		 * Copying looks at the source, verifying at both; XFS' answers are checked by
		 * another.
		 */
		if (seeks > 3 * 6 * (2 * ISLANDS + 1))
			fail_msg("%s: %u seeks", fs->name, seeks);
		assert_int_equal(r.verified_bytes, size);
		assert_true(islands_are_equal(src, dst, size));
		for (unsigned int n = 1; n < 20; n += 6) {
			seeks = 0;
			stop_after = n;
			assert_int_equal(filecopy_run(&ladder, &c, &r), -ECANCELED);
			assert_true(seeks <= n + 8 * 4);
			atomic_store(&stop, false);
		}
		sys_set_hook(NULL, NULL);
		io_ladder_release(&ladder);
		close(src);
		close(dst);
	}
}

/*
 * Blocks that were given in advance and never written read as zeros: they are copied as a hole, not
 * as zeros.
 */
static void unwritten_blocks_are_no_data(void **state)
{
	(void)state;
	for (size_t f = 0; f < engine_fs_count; f++) {
		const struct testfs *fs = &engine_fs[f];

		for (enum io_rung top = IO_KERNEL; top < IO_RUNGS && fs->physical; top++) {
			struct engine_hook h = { .cold = top == IO_URING };
			struct io_moved moved = { 0 };
			int src = engine_file(fs, "source"), dst = engine_file(fs, "destination");
			struct io_request req = engine_request(fs, src, fs, dst);
			struct io_ladder ladder;
			uint64_t done;

			assert_int_equal(fallocate(src, 0, 0, 32 * MIB), 0);
			engine_write(src, 8 * MIB, MIB, 1);
			assert_int_equal(fsync(src), 0);
			req.len_bytes = 32 * MIB;
			engine_ladder(&ladder, &req, top);
			engine_hook_set(&h);
			start_sums();
			assert_int_equal(io_copy(&ladder, &req, &moved, &done), 0);
			sys_set_recorder(NULL, NULL);
			engine_hook_end(&h);
			assert_true(sums.written <= MIB + 8192);
			dst = closed_and_opened(fs, dst);
			assert_true(engine_allocated(dst) <= MIB + slack_bytes(fs));
			assert_int_equal(engine_equal(src, 0, dst, 0, 32 * MIB), 32 * MIB);
			io_ladder_release(&ladder);
			close(src);
			close(dst);
		}
	}
}

/*
 * A file as long as files can be: shared or copied, and verified to the last byte. Linux' tmpfs
 * doesn't find data in the last page of such a one.
 */
static void the_longest_file(void **state)
{
	static const uint64_t places[] = { 5, UINT64_C(1) << 62, (uint64_t)INT64_MAX - 100 };

	(void)state;
	for (size_t f = 0; f < engine_fs_count; f++) {
		const struct testfs *fs = &engine_fs[f];
		int src = engine_file(fs, "source"), dst = engine_file(fs, "destination");

		for (int share = 0; share < 2 && fs->physical; share++) {
			const struct filecopy c = { .src_fd = src,
						    .dst_fd = dst,
						    .whole = true,
						    .verify = true,
						    .no_share = !share };
			struct filecopy_result r;
			struct io_ladder ladder;

			if (ftruncate(src, INT64_MAX))
				break;
			for (size_t i = 0; i < ARRAY_SIZE(places); i++)
				engine_write(src, places[i], 100, 1);
			assert_int_equal(ftruncate(dst, 0), 0);
			io_ladder_init(&ladder, 0);
			assert_int_equal(filecopy_run(&ladder, &c, &r), 0);
			assert_int_equal(r.verified_bytes, INT64_MAX);
			for (size_t i = 0; i < ARRAY_SIZE(places); i++)
				if (engine_equal(src, places[i], dst, places[i], 100) != 100)
					fail_msg("%s, share %d, place %zu", fs->name, share, i);
			io_ladder_release(&ladder);
		}
		close(src);
		close(dst);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ten_gib_with_some_islands),
		cmocka_unit_test(whole_sparse_files),
		cmocka_unit_test(the_search_follows_the_islands),
		cmocka_unit_test(unwritten_blocks_are_no_data),
		cmocka_unit_test(the_longest_file),
	};
	int failed;

	engine_setup(400);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	engine_teardown();
	return failed;
}
