/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * transfer_run on plain files: the bytes arrive whatever the calls below do; where they can't, the
 * error does.
 */
#include "unit.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"
#include "mover/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_BYTES (150 * MIB + 12345) /* more than two pieces */
#define ISLANDS 40                     /* of data, in a hole */

static int src_fd;
static uint8_t island[4096];

static uint64_t island_offset(unsigned int i)
{
	return i == ISLANDS - 1 ? FILE_BYTES - sizeof(island) : i * 3800001ULL;
}

static int new_file(void)
{
	const char *base = getenv("TMPDIR");
	int fd = open(base ? base : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

static int make_source(void **state)
{
	(void)state;
	src_fd = new_file();
	for (unsigned int i = 0; i < ISLANDS; i++) {
		memset(island, (int)i + 1, sizeof(island));
		assert_int_equal(pwrite(src_fd, island, sizeof(island), (off_t)island_offset(i)),
				 sizeof(island));
	}
	return 0;
}

static int close_source(void **state)
{
	(void)state;
	close(src_fd);
	return 0;
}

static void assert_same(int fd, uint64_t len)
{
	static char a[MIB], b[MIB];

	for (uint64_t at = 0; at < len; at += sizeof(a)) {
		ssize_t n = pread(src_fd, a, MIN_OF(sizeof(a), len - at), (off_t)at);

		assert_int_equal(pread(fd, b, MIN_OF(sizeof(b), len - at), (off_t)at), n);
		assert_memory_equal(a, b, (size_t)n);
	}
}

/* ---- what the calls below do ---- */

struct script {
	const char *call;
	int answer;         /* as of a sys_hook_fn */
	unsigned int every; /* which calls get it: the first, and every n-th after it */
	unsigned int first; /* or so many at first; 0: as `every` says */
	_Atomic unsigned int seen;
};

static int follow_script(const char *call, size_t len_bytes, void *cookie)
{
	struct script *s = cookie;

	(void)len_bytes;
	if (strcmp(call, s->call) != 0)
		return 0;
	if (s->first)
		return s->seen++ < s->first ? s->answer : 0;
	return s->seen++ % s->every == 0 ? s->answer : 0;
}

static int run(struct transfer_request *req, struct script *s, uint64_t *ret_user)
{
	struct transfer_result result;
	int err;

	if (s)
		sys_set_hook(follow_script, s);
	err = transfer_run(req, &result);
	sys_set_hook(NULL, NULL);
	*ret_user = result.user_bytes;
	return err;
}

static struct piece_range all;

static struct transfer_request request_to(const int *dst_fd, unsigned int threads)
{
	all = (struct piece_range){ .end = FILE_BYTES, .targets = 1 };
	return (struct transfer_request){
		.src_fd = src_fd,
		.target_fds = dst_fd,
		.target_count = 1,
		.ranges = &all,
		.range_count = 1,
		.fresh = true,
		.threads = threads,
	};
}

/* ---- tests ---- */

static void last_progress(uint64_t done, void *cookie)
{
	uint64_t *last = cookie;

	assert_true(done >= *last);
	*last = done;
}

static void copies_with_any_number_of_threads(void **state)
{
	static const unsigned int counts[] = { 1, 2, 5, TRANSFER_THREADS_MAX };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(counts); i++) {
		int fd = new_file();
		struct transfer_request req = request_to(&fd, counts[i]);
		uint64_t user = 1, last = 0;

		req.progress = last_progress;
		req.cookie = &last;
		assert_int_equal(run(&req, NULL, &user), 0);
		assert_int_equal(user, 0);
		assert_int_equal(last, FILE_BYTES);
		assert_same(fd, FILE_BYTES);
		close(fd);
	}
}

static void an_empty_file_takes_no_call(void **state)
{
	struct script none = { .call = "copy_file_range", .answer = -EIO, .every = 1 };
	int fd = new_file();
	struct transfer_request req = request_to(&fd, 4);
	uint64_t user = 1;

	(void)state;
	all.end = 0;
	assert_int_equal(run(&req, &none, &user), 0);
	assert_int_equal(none.seen, 0);
	req.range_count = 0;
	assert_int_equal(run(&req, &none, &user), 0);
	assert_int_equal(none.seen, 0);
	close(fd);
}

static void short_counts_and_interruptions_are_gone_on_from(void **state)
{
	static const int answers[] = { SYS_HOOK_SHORT, -EINTR };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(answers); i++) {
		struct script s = { .call = "copy_file_range", .answer = answers[i], .every = 2 };
		int fd = new_file();
		struct transfer_request req = request_to(&fd, 3);
		uint64_t user;

		assert_int_equal(run(&req, &s, &user), 0);
		assert_true(s.seen > 1);
		assert_same(fd, FILE_BYTES);
		close(fd);
	}
}

static void without_copy_file_range_it_is_read_and_written(void **state)
{
	static const int answers[] = { -ENOSYS, -EOPNOTSUPP };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(answers); i++) {
		struct script s = { .call = "copy_file_range", .answer = answers[i], .every = 1 };
		int fd = new_file();
		struct transfer_request req = request_to(&fd, 2);
		uint64_t user = 0;

		assert_int_equal(run(&req, &s, &user), 0);
		assert_true(user >= ISLANDS * sizeof(island));
		assert_same(fd, FILE_BYTES);
		close(fd);
	}
}

static void real_errors_end_the_copy(void **state)
{
	static const int answers[] = { -EIO, -ENOSPC, -EDQUOT, -EXDEV, -ENOTCONN };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(answers); i++) {
		struct script s = { .call = "copy_file_range", .answer = answers[i], .every = 1 };
		int fd = new_file();
		struct transfer_request req = request_to(&fd, 2);
		uint64_t user;

		assert_int_equal(run(&req, &s, &user), answers[i]);
		assert_non_null(strstr(error_text(answers[i]), "cannot copy at offset"));
		close(fd);
	}
}

static void a_copy_of_nothing_is_an_error_where_there_is_data(void **state)
{
	struct script s = { .call = "copy_file_range", .answer = SYS_HOOK_ZERO, .every = 1 };
	int fd = new_file();
	struct transfer_request req = request_to(&fd, 2);
	uint64_t user;

	(void)state;
	assert_int_equal(run(&req, &s, &user), -EIO);
	all.end = FILE_BYTES + MIB;
	assert_int_equal(run(&req, NULL, &user), -EAGAIN);
	assert_non_null(strstr(error_text(-EAGAIN), "shorter"));
	close(fd);
}

/* Cut off before each of several copies, and longer again when it is looked at. */
static void a_source_that_changes_its_size_is_looked_at_again(void **state)
{
	static const unsigned int times[] = { 1, 2, 3, 20 };

	(void)state;
	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(times); i++) {
		struct script s = { .call = "copy_file_range",
				    .answer = SYS_HOOK_ZERO,
				    .first = times[i / 2] };
		int fd = new_file();
		struct transfer_request req = request_to(&fd, 1);
		uint64_t user;

		req.may_shrink = i % 2;
		assert_int_equal(run(&req, &s, &user), 0);
		assert_true(s.seen > s.first);
		assert_same(fd, FILE_BYTES);
		close(fd);
	}
}

static void a_source_that_ends_may_be_fine(void **state)
{
	struct script none = { .call = "copy_file_range", .answer = -ENOSYS, .every = 1 };
	uint64_t last = 0, user;

	(void)state;
	for (int by_hand = 0; by_hand <= 1; by_hand++) {
		int fd = new_file();
		struct transfer_request req = request_to(&fd, 2);

		all.end = FILE_BYTES + 200 * MIB;
		req.may_shrink = true;
		req.progress = last_progress;
		req.cookie = &last;
		last = 0;
		assert_int_equal(run(&req, by_hand ? &none : NULL, &user), 0);
		assert_int_equal(last, FILE_BYTES + 200 * MIB);
		assert_same(fd, FILE_BYTES);
		assert_int_equal(lseek(fd, 0, SEEK_END), FILE_BYTES);
		close(fd);
	}
}

/* ---- ranges and targets ---- */

#define RANGES 5
static const struct piece_range some[RANGES] = {
	{ .start = 0, .end = 4096, .targets = 1 },
	{ .start = 4096, .end = 8 * MIB, .targets = 7 },
	{ .start = 9 * MIB, .end = 100 * MIB, .targets = 6 },
	{ .start = 100 * MIB, .end = 100 * MIB, .targets = 7 },
	{ .start = 140 * MIB, .end = FILE_BYTES, .targets = 5 },
};

#define JUNK_BYTES (10 * MIB)

/* What the target doesn't get stays as it was. */
static void assert_got(int fd, uint32_t target)
{
	char a[4096], b[4096], junk[4096];

	for (uint64_t at = 0; at < FILE_BYTES; at += 4096) {
		size_t n = (size_t)MIN_OF(4096, FILE_BYTES - at);
		bool mine = false;

		for (int i = 0; i < RANGES; i++)
			mine |= at >= some[i].start && at < some[i].end && some[i].targets & target;
		memset(junk, at < JUNK_BYTES ? 'x' : 0, sizeof(junk));
		assert_int_equal(pread(fd, a, n, (off_t)at), n);
		if (mine)
			assert_int_equal(pread(src_fd, b, n, (off_t)at), n);
		assert_memory_equal(a, mine ? b : junk, n);
	}
}

static int file_of_junk(void)
{
	static char junk[JUNK_BYTES];
	int fd = new_file();

	memset(junk, 'x', sizeof(junk));
	assert_int_equal(pwrite(fd, junk, sizeof(junk), 0), sizeof(junk));
	assert_int_equal(ftruncate(fd, FILE_BYTES), 0);
	return fd;
}

static void each_target_gets_its_ranges_and_nothing_else(void **state)
{
	static const int answers[] = { 0, SYS_HOOK_SHORT, -EOPNOTSUPP };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(answers); i++) {
		struct script s = { .call = "copy_file_range", .answer = answers[i], .every = 2 };
		int fds[3] = { file_of_junk(), file_of_junk(), file_of_junk() };
		struct transfer_request req = {
			.src_fd = src_fd,
			.target_fds = fds,
			.target_count = 3,
			.ranges = some,
			.range_count = RANGES,
			.threads = 3,
		};
		uint64_t user;

		assert_int_equal(run(&req, &s, &user), 0);
		for (int k = 0; k < 3; k++) {
			assert_got(fds[k], 1U << k);
			close(fds[k]);
		}
	}
}

/* In pieces that memory holds, each to all targets: the order of the calls says so. */
static struct {
	unsigned int calls;
	size_t longest;
} seen;

static int note_lengths(const char *call, size_t len_bytes, void *cookie)
{
	(void)cookie;
	if (strcmp(call, "copy_file_range") == 0) {
		seen.calls++;
		seen.longest = MAX_OF(seen.longest, len_bytes);
	}
	return 0;
}

static void what_several_need_goes_piece_by_piece(void **state)
{
	int fds[2] = { new_file(), new_file() };
	struct transfer_request req = request_to(fds, 1);
	uint64_t user;

	(void)state;
	req.target_count = 2;
	all.targets = 3;
	memset(&seen, 0, sizeof(seen));
	sys_set_hook(note_lengths, NULL);
	assert_int_equal(run(&req, NULL, &user), 0);
	sys_set_hook(NULL, NULL);
	assert_true(seen.longest <= 64 * MIB);
	assert_true(seen.calls >= 6);
	assert_same(fds[0], FILE_BYTES);
	assert_same(fds[1], FILE_BYTES);
	close(fds[0]);
	close(fds[1]);
}

/* ---- large holes ---- */

static struct {
	atomic_uint seeks, copies, punches;
} calls;

static int count_calls(const char *call, size_t len_bytes, void *cookie)
{
	(void)len_bytes;
	(void)cookie;
	calls.seeks += strcmp(call, "seek") == 0;
	calls.copies += strcmp(call, "copy_file_range") == 0;
	calls.punches += strcmp(call, "fallocate") == 0;
	return 0;
}

/* With a page at the end. False: no file can be so large here. */
static bool make_sparse(int fd, uint64_t size)
{
	memset(island, 'i', sizeof(island));
	return ftruncate(fd, (off_t)size) == 0 &&
	       pwrite(fd, island, sizeof(island), (off_t)(size - sizeof(island))) == sizeof(island);
}

static void assert_sparse(int fd, uint64_t size)
{
	char b[sizeof(island)];
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, size);
	assert_in_range(st.st_blocks, 8, 8 * MIB / 512);
	assert_int_equal(pread(fd, b, sizeof(b), (off_t)(size - sizeof(b))), sizeof(b));
	assert_memory_equal(b, island, sizeof(b));
}

static void run_sparse(uint64_t size, unsigned int threads, bool several)
{
	int src = new_file(), fds[2] = { file_of_junk(), file_of_junk() };
	struct transfer_request req = request_to(fds, threads);
	struct transfer_result result;

	if (make_sparse(src, size)) {
		req.src_fd = src;
		req.target_count = several ? 2 : 1;
		req.fresh = false;
		all.end = size;
		all.targets = several ? 3 : 1;
		memset(&calls, 0, sizeof(calls));
		sys_set_hook(count_calls, NULL);
		assert_int_equal(transfer_run(&req, &result), 0);
		sys_set_hook(NULL, NULL);
		assert_true(calls.copies <= 40 * req.target_count);
		assert_true(calls.seeks <= 150);
		assert_true(calls.punches <= req.target_count * 2);
		assert_true(result.hole_bytes >= req.target_count * (size - 4 * GIB));
		for (unsigned int i = 0; i < req.target_count; i++)
			assert_sparse(fds[i], size);
	} else {
		print_message("no files of %" PRIu64 " bytes here\n", size);
	}
	close(src);
	close(fds[0]);
	close(fds[1]);
}

/* What was there before is gone, too: the targets have junk at first. */
static void a_large_hole_costs_a_few_calls_whatever_its_size(void **state)
{
	static const unsigned int counts[] = { 1, 4, TRANSFER_THREADS_MAX };

	(void)state;
	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(counts); i++) {
		run_sparse(300 * GIB, counts[i / 2], i % 2);
		run_sparse(UINT64_C(1) << 62, counts[i / 2], i % 2);
	}
}

/* The target has nothing in the hole, but after it. */
static void what_is_after_a_hole_stays(void **state)
{
	const uint64_t size = 300 * GIB;
	int src = new_file(), dst = new_file();
	struct transfer_request req = request_to(&dst, 1);
	struct transfer_result result;

	(void)state;
	assert_int_equal(ftruncate(src, (off_t)size), 0);
	assert_true(make_sparse(dst, size));
	req.src_fd = src;
	req.fresh = false;
	all.end = size - GIB;
	memset(&calls, 0, sizeof(calls));
	sys_set_hook(count_calls, NULL);
	assert_int_equal(transfer_run(&req, &result), 0);
	sys_set_hook(NULL, NULL);
	assert_int_equal(calls.punches, 0);
	assert_int_equal(result.hole_bytes, all.end);
	assert_sparse(dst, size);
	close(src);
	close(dst);
}

static int lease_is_lost(void *cookie)
{
	unsigned int *checks = cookie;

	return ++*checks > 3 ? fail(-EBUSY, "lost") : 0;
}

static void it_ends_when_it_may_not_go_on_or_is_stopped(void **state)
{
	unsigned int checks = 0;
	atomic_bool stop = true;
	struct bandwidth limit;
	int fd = new_file();
	struct transfer_request req = request_to(&fd, 1);
	uint64_t user;

	(void)state;
	/* Eight seconds for all of it; the fourth question comes long before. */
	bandwidth_init(&limit, FILE_BYTES / 8);
	req.limit = &limit;
	req.may_go_on = lease_is_lost;
	req.cookie = &checks;
	assert_int_equal(run(&req, NULL, &user), -EBUSY);
	assert_string_equal(error_text(-EBUSY), "lost");
	assert_int_equal(checks, 4);
	assert_true(lseek(fd, 0, SEEK_END) < (off_t)FILE_BYTES);
	req.may_go_on = NULL;
	req.stop = &stop;
	assert_int_equal(run(&req, NULL, &user), -ECANCELED);
	bandwidth_release(&limit);
	close(fd);
}

static void a_limit_is_kept_by_all_threads_together(void **state)
{
	struct bandwidth limit;
	int fd = new_file();
	struct transfer_request req = request_to(&fd, 4);
	uint64_t user, begin;

	(void)state;
	bandwidth_init(&limit, 300 * MIB);
	req.limit = &limit;
	begin = clock_now_ns();
	assert_int_equal(run(&req, NULL, &user), 0);
	/* Half a second for 150 MiB, less what may be made up for at the start. */
	assert_true(clock_now_ns() - begin > 300 * NS_PER_MS);
	assert_same(fd, FILE_BYTES);
	bandwidth_release(&limit);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_with_any_number_of_threads),
		cmocka_unit_test(an_empty_file_takes_no_call),
		cmocka_unit_test(short_counts_and_interruptions_are_gone_on_from),
		cmocka_unit_test(without_copy_file_range_it_is_read_and_written),
		cmocka_unit_test(real_errors_end_the_copy),
		cmocka_unit_test(a_copy_of_nothing_is_an_error_where_there_is_data),
		cmocka_unit_test(a_source_that_changes_its_size_is_looked_at_again),
		cmocka_unit_test(a_source_that_ends_may_be_fine),
		cmocka_unit_test(each_target_gets_its_ranges_and_nothing_else),
		cmocka_unit_test(what_several_need_goes_piece_by_piece),
		cmocka_unit_test(a_large_hole_costs_a_few_calls_whatever_its_size),
		cmocka_unit_test(what_is_after_a_hole_stays),
		cmocka_unit_test(it_ends_when_it_may_not_go_on_or_is_stopped),
		cmocka_unit_test(a_limit_is_kept_by_all_threads_together),
	};

	return cmocka_run_group_tests(tests, make_source, close_source);
}
