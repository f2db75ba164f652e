/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What happens while a range is copied, on every rung: the source is cut off or grows, somebody
 * stops the copy, writing out fails, the bytes per second are limited.
 */
#include "test_engine_fixture.h"

#include "base/clock.h"

#define LEN_BYTES (MIB + 100)
#define LARGE_BYTES (28 * MIB)

/* The rungs, and what must be so that a range comes to them and to nothing else. */
static const struct way {
	const char *name, *call;
	enum io_rung top;
	bool no_direct;
} ways[] = {
	{ "kernel", "copy_file_range", IO_KERNEL, false },
	{ "direct", "uring_read", IO_URING, false },
	{ "direct", "uring_write", IO_URING, false },
	{ "uring", "uring_read", IO_URING, true },
	{ "uring", "uring_write", IO_URING, true },
	{ "rw", "pread", IO_RW, false },
	{ "rw", "pwrite", IO_RW, false },
};

static bool uring;

/*
 * Whether files on fs can come to it. The kernel's rung is for what is warm, or it would be
 * measured.
 */
static bool is_here(const struct way *w, const struct testfs *fs)
{
	return w->top != IO_URING || (uring && !engine_plain[0] && strcmp(fs->name, "tmpfs"));
}

struct meanwhile {
	int fd;
	uint64_t size;
	atomic_bool stop;
};

static void set_size(void *arg)
{
	struct meanwhile *m = arg;

	assert_int_equal(ftruncate(m->fd, (off_t)m->size), 0);
}

static void grow(void *arg)
{
	struct meanwhile *m = arg;

	engine_write(m->fd, LEN_BYTES, 300 * KIB, 3);
}

static void stop(void *arg)
{
	struct meanwhile *m = arg;

	atomic_store(&m->stop, true);
}

struct pair {
	int src, dst;
	struct io_request req;
	struct io_ladder ladder;
	struct io_moved moved;
	uint64_t done;
};

static void pair_open(struct pair *p, const struct testfs *fs, const struct way *w,
		      uint64_t src_bytes, uint64_t dst_bytes)
{
	*p = (struct pair){ .src = engine_file(fs, "source"),
			    .dst = engine_file(fs, "destination") };
	engine_write(p->src, 0, src_bytes, 1);
	engine_write(p->dst, 0, dst_bytes, 2);
	assert_int_equal(fsync(p->src), 0);
	p->req = engine_request(fs, p->src, fs, p->dst);
	p->req.len_bytes = src_bytes;
	p->req.bulk = w->top >= IO_URING;
	p->req.fresh = dst_bytes == 0;
	engine_ladder(&p->ladder, &p->req, w->top);
	/* Small slots: several of them are under way. */
	rings_release(&p->ladder.rings);
	rings_init(&p->ladder.rings, 512 * KIB);
}

static void pair_close(struct pair *p)
{
	io_ladder_release(&p->ladder);
	close(p->src);
	close(p->dst);
}

static int pair_copy(struct pair *p, struct engine_hook *h)
{
	int err;

	error_clear();
	engine_hook_set(h);
	err = io_copy(&p->ladder, &p->req, &p->moved, &p->done);
	engine_hook_end(h);
	return err;
}

/*
 * How many bytes from the front are what the source had; all behind them must be zeros, up to len.
 */
static uint64_t front_then_zeros(int fd, uint64_t len)
{
	uint8_t *want = malloc(len), *got = calloc(1, len);
	uint64_t front = 0, zeros;

	assert_non_null(want);
	assert_non_null(got);
	engine_bytes(want, 0, len, 1);
	assert_true(pread(fd, got, len, 0) >= 0);
	while (front < len && got[front] == want[front])
		front++;
	for (zeros = front; zeros < len && !got[zeros];)
		zeros++;
	if (zeros < len)
		fail_msg("the source's bytes up to %#lx, zeros up to %#lx, and then others",
			 (unsigned long)front, (unsigned long)zeros);
	free(want);
	free(got);
	return front;
}

/*
 * The source is cut off at the at-th call. Where it is found to have ended, everything ends: what
 * was under way behind that must not stay. False: there were fewer calls.
 */
static bool cut_off_at(const struct testfs *fs, const struct way *w, unsigned int at, uint64_t size,
		       uint64_t old_bytes, bool first_short)
{
	struct meanwhile m = { .size = size };
	struct engine_hook h = { .cold = true,
				 .no_direct = w->no_direct,
				 .only = w->call,
				 .at = at,
				 .count = 1,
				 .first_short = first_short,
				 .when_hit = set_size,
				 .arg = &m };
	struct pair p;

	pair_open(&p, fs, w, LEN_BYTES, old_bytes);
	m.fd = p.src;
	assert_int_equal(pair_copy(&p, &h), 0);
	assert_int_equal(p.done, LEN_BYTES);
	assert_int_equal(engine_moved(&p.moved), LEN_BYTES);
	assert_true(front_then_zeros(p.dst, LEN_BYTES) >= size);
	pair_close(&p);
	return atomic_load(&h.hits) > 0;
}

static void cut_off_everywhere(const struct testfs *fs, const struct way *w, uint64_t size)
{
	for (unsigned int at = 0; at < 30; at += 1 + at / 2) {
		if (!cut_off_at(fs, w, at, size, 0, false) ||
		    !cut_off_at(fs, w, at, size, LEN_BYTES + 5000, false))
			break;
	}
	/* Those behind it have arrived when the first one is read to its end. */
	for (unsigned int at = 7; at < 10; at++)
		(void)cut_off_at(fs, w, at, size, 0, true);
}

static void a_source_that_is_cut_off_ends_there(void **state)
{
	static const uint64_t sizes[] = { 0, 300 * KIB + 77, LEN_BYTES - 10 };

	(void)state;
	for (size_t f = 0; f < engine_fs_count; f++) {
		for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
			if (!is_here(&ways[w], &engine_fs[f]))
				continue;
			for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
				cut_off_everywhere(&engine_fs[f], &ways[w], sizes[i]);
		}
	}
}

static void what_is_added_to_a_source_stays_out(void **state)
{
	(void)state;
	for (size_t f = 0; f < engine_fs_count; f++) {
		for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
			struct meanwhile m = { 0 };
			struct engine_hook h = { .cold = true,
						 .no_direct = ways[w].no_direct,
						 .only = ways[w].call,
						 .count = 1,
						 .when_hit = grow,
						 .arg = &m };
			struct pair p;

			if (!is_here(&ways[w], &engine_fs[f]))
				continue;
			pair_open(&p, &engine_fs[f], &ways[w], LEN_BYTES, 0);
			m.fd = p.src;
			assert_int_equal(pair_copy(&p, &h), 0);
			assert_int_equal(atomic_load(&h.hits), 1);
			assert_int_equal(engine_equal(p.src, 0, p.dst, 0, LEN_BYTES), LEN_BYTES);
			assert_int_equal(engine_size(p.dst), LEN_BYTES);
			pair_close(&p);
		}
	}
}

/* ---- stopping ---- */

static bool stopped_at(const struct testfs *fs, const struct way *w, unsigned int at)
{
	struct meanwhile m = { 0 };
	struct engine_hook h = { .cold = true,
				 .no_direct = w->no_direct,
				 .only = w->call,
				 .at = at,
				 .count = 1,
				 .when_hit = stop,
				 .arg = &m };
	_Atomic uint64_t arrived = 0;
	const struct io_stages stages = { .done_bytes = &arrived };
	struct pair p;
	bool hit;
	int err;

	pair_open(&p, fs, w, 4 * MIB, 0);
	p.req.stop = &m.stop;
	p.req.stages = &stages;
	err = pair_copy(&p, &h);
	hit = atomic_load(&h.hits) > 0;
	/* What is under way at the stop may be the last of it. */
	if (hit && p.done < p.req.len_bytes)
		assert_int_equal(err, -ECANCELED);
	assert_true(!err || err == -ECANCELED);
	assert_true(err || p.done == p.req.len_bytes);
	assert_int_equal(engine_moved(&p.moved), p.done);
	assert_int_equal(atomic_load(&arrived), p.done);
	assert_int_equal(engine_equal(p.src, 0, p.dst, 0, p.done), p.done);
	/* And no more than is under way at once was done after it. */
	assert_true(p.done <=
		    (at + 1 + 16) * (uint64_t)(w->top == IO_KERNEL ? 16 * MIB : 256 * KIB));
	pair_close(&p);
	return hit;
}

static void a_stop_ends_it_with_a_right_front_part(void **state)
{
	(void)state;
	for (size_t f = 0; f < engine_fs_count; f++) {
		for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
			for (unsigned int at = 0; is_here(&ways[w], &engine_fs[f]) &&
						  stopped_at(&engine_fs[f], &ways[w], at);)
				at = 2 * at + 1;
		}
	}
}

/* ---- writing out ---- */

/*
 * The kernel tells a descriptor once that writing out failed: whoever is told must not forget it.
 */
static bool writing_out_fails_at(const struct testfs *fs, const struct way *w, unsigned int at,
				 int result)
{
	struct engine_hook h = { .cold = true,
				 .no_direct = w->no_direct,
				 .only = "finish_writeback",
				 .at = at,
				 .count = 1,
				 .result = result };
	struct pair p;
	int err;

	pair_open(&p, fs, w, LARGE_BYTES, 0);
	p.req.bulk = true;
	err = pair_copy(&p, &h);
	if (atomic_load(&h.hits)) {
		if (err != result)
			fail_msg("%s, %s: writing out fails with %d, the copy ends with %d",
				 fs->name, w->name, result, err);
		assert_true(strlen(error_text(err)) > strlen(strerror(-err)) + 5);
	} else {
		assert_int_equal(err, 0);
		assert_int_equal(engine_equal(p.src, 0, p.dst, 0, LARGE_BYTES), LARGE_BYTES);
	}
	pair_close(&p);
	return atomic_load(&h.hits) > 0;
}

static void an_error_of_writing_out_is_not_lost(void **state)
{
	/* Those that mean "not this way" of an operation are errors here like any others. */
	static const int results[] = { -EIO, -EPERM };
	const struct testfs *fs = &engine_fs[engine_fs_count - 1];

	(void)state;
	for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
		/* Where pages leave the cache they are waited for, and so it is asked at all. */
		bool through_cache = ways[w].no_direct || ways[w].top == IO_RW;

		if (!is_here(&ways[w], fs) || !strcmp(ways[w].call, "uring_write") ||
		    !strcmp(ways[w].call, "pwrite"))
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(results); i++) {
			for (unsigned int at = 0; at < 2; at++) {
				bool hit = writing_out_fails_at(fs, &ways[w], at, results[i]);

				assert_true(hit || !through_cache || strcmp(fs->name, "btrfs"));
			}
		}
	}
}

/* ---- the limit ---- */

static void the_limit_is_kept(void **state)
{
	const uint64_t rate = 16 * MIB, len = 2 * MIB, burst_ns = 30 * NS_PER_MS;
	uint64_t least_ns = len * NS_PER_S / rate - burst_ns;

	(void)state;
	for (size_t f = 0; f < engine_fs_count; f++) {
		for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
			struct engine_hook h = { .cold = true, .no_direct = ways[w].no_direct };
			struct bandwidth limit;
			const struct io_stages stages = { .limit = &limit };
			uint64_t began_ns;
			struct pair p;

			if (!is_here(&ways[w], &engine_fs[f]))
				continue;
			bandwidth_init(&limit, rate);
			pair_open(&p, &engine_fs[f], &ways[w], len, 0);
			p.req.stages = &stages;
			began_ns = clock_now_ns();
			assert_int_equal(pair_copy(&p, &h), 0);
			/* The last portion may go as soon as its turn comes. */
			assert_true(clock_now_ns() - began_ns >=
				    least_ns - bandwidth_portion(&limit) * NS_PER_S / rate);
			assert_int_equal(engine_equal(p.src, 0, p.dst, 0, len), len);
			pair_close(&p);
			bandwidth_release(&limit);
		}
	}
}

/* ---- 5.15 ---- */

static void old_linux_copies_too(void **state)
{
	(void)state;
	for (size_t f = 0; f < engine_fs_count; f++) {
		for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
			struct engine_hook h = { .cold = true,
						 .no_direct = ways[w].no_direct,
						 .old_linux = true };
			struct pair p;

			if (!is_here(&ways[w], &engine_fs[f]))
				continue;
			pair_open(&p, &engine_fs[f], &ways[w], LEN_BYTES, 0);
			assert_int_equal(pair_copy(&p, &h), 0);
			assert_int_equal(p.moved.bytes[ways[w].top], LEN_BYTES);
			assert_int_equal(p.moved.direct_bytes > 0, !strcmp(ways[w].name, "direct"));
			assert_int_equal(engine_equal(p.src, 0, p.dst, 0, LEN_BYTES), LEN_BYTES);
			pair_close(&p);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_that_is_cut_off_ends_there),
		cmocka_unit_test(what_is_added_to_a_source_stays_out),
		cmocka_unit_test(a_stop_ends_it_with_a_right_front_part),
		cmocka_unit_test(an_error_of_writing_out_is_not_lost),
		cmocka_unit_test(the_limit_is_kept),
		cmocka_unit_test(old_linux_copies_too),
	};
	int failed;

	uring = engine_has_uring();
	engine_setup(400);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	engine_teardown();
	return failed;
}
