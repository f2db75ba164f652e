/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Dirty maps against plain arrays: what is dirty, taken, and said by the file, with and without
 * system calls that fail.
 */
#include "unit.h"

#include "fault.h"
#include "random.h"

#include "base/checked.h"
#include "base/error.h"
#include "file/dirty_map.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#define G ((uint64_t)DIRTY_GRAIN_BYTES)
#define GRAINS 70000u /* more than two pages of bits */
#define STEPS 3000
#define NO_TAIL UINT64_MAX
#define HEADER 4096
#define OUTSTANDING_MAX 8

static const struct dirty_map_id id = {
	.file = { .seq = 0x200000401, .oid = 7, .ver = 0 },
	.mirror_id = 3,
	.generation = 12,
};

static int new_file(void)
{
	int fd = memfd_create("map", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* Another descriptor of the same file, for who takes it over. */
static int again(int fd)
{
	int copy = dup(fd);

	assert_true(copy >= 0);
	return copy;
}

/* ---- the model ---- */

struct model {
	bool dirty[GRAINS], taken[GRAINS];
	uint64_t tail, taken_tail; /* grains */
	struct dirty_range out[OUTSTANDING_MAX];
	unsigned int out_count;
};

static struct model *model_new(bool whole)
{
	struct model *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	m->tail = whole ? 0 : NO_TAIL;
	m->taken_tail = NO_TAIL;
	return m;
}

static uint64_t grains_of(uint64_t bytes)
{
	return bytes / G + (bytes % G != 0);
}

static bool model_marked(const struct model *m, uint64_t g)
{
	return m->dirty[g] || m->taken[g] || g >= m->tail || g >= m->taken_tail;
}

static void model_mark(struct model *m, uint64_t start, uint64_t end)
{
	if (start >= end)
		return;
	if (end - start > GRAINS * G) { /* only the tests' huge ones */
		m->tail = MIN_OF(m->tail, start / G);
		return;
	}
	for (uint64_t g = start / G; g < grains_of(end) && g < m->tail; g++)
		m->dirty[g] = true;
}

static bool model_is_clean(const struct model *m)
{
	for (uint64_t g = 0; g < GRAINS; g++) {
		if (m->dirty[g] || m->taken[g])
			return false;
	}
	return m->tail == NO_TAIL && m->taken_tail == NO_TAIL;
}

static uint64_t model_dirty_bytes(const struct model *m, uint64_t size)
{
	uint64_t sum = 0;

	for (uint64_t g = 0; g < grains_of(size); g++) {
		if (m->dirty[g] || g >= m->tail)
			sum += MIN_OF(G, size - g * G);
	}
	return sum;
}

static bool model_take_grains(struct model *m, uint64_t from, uint64_t max, uint64_t size,
			      struct dirty_range *r)
{
	uint64_t limit = MIN_OF(m->tail, grains_of(size)), g = from / G, end;

	while (g < limit && !m->dirty[g])
		g++;
	if (g >= limit)
		return false;
	for (end = g; end < limit && m->dirty[end] && end - g < MAX_OF(max / G, 1); end++) {
		m->dirty[end] = false;
		m->taken[end] = true;
	}
	*r = (struct dirty_range){ .start = g * G, .end = MIN_OF(end * G, size) };
	return true;
}

static bool model_take_tail(struct model *m, uint64_t from, uint64_t size, struct dirty_range *r)
{
	uint64_t first = MIN_OF(m->tail, grains_of(size));
	bool any = m->tail != NO_TAIL;

	if (from > size)
		return false;
	for (uint64_t g = first; g < GRAINS; g++) {
		any |= m->dirty[g];
		m->taken[g] |= m->dirty[g];
		m->dirty[g] = false;
	}
	if (!any)
		return false;
	m->taken_tail = MIN_OF(m->taken_tail, m->tail);
	m->tail = NO_TAIL;
	*r = (struct dirty_range){ .start = MIN_OF(first * G, size), .end = size, .tail = true };
	return true;
}

static void model_copied(struct model *m, const struct dirty_range *r)
{
	uint64_t first = grains_of(r->start), end = r->tail ? GRAINS : grains_of(r->end);

	for (uint64_t g = first; g < end; g++)
		m->taken[g] = false;
	if (r->tail && m->taken_tail >= first)
		m->taken_tail = NO_TAIL;
}

static void model_give_back(struct model *m)
{
	for (uint64_t g = 0; g < GRAINS; g++) {
		m->dirty[g] |= m->taken[g];
		m->taken[g] = false;
	}
	m->tail = MIN_OF(m->tail, m->taken_tail);
	m->taken_tail = NO_TAIL;
	m->out_count = 0;
}

static struct dirty_range pop_outstanding(struct model *m, struct random_source *r)
{
	uint64_t i = random_range(r, 0, m->out_count - 1);
	struct dirty_range range = m->out[i];

	m->out[i] = m->out[--m->out_count];
	return range;
}

/* ---- what a map says ---- */

/* Which grains are dirty in a map that is thrown away after. */
static void dirty_grains(struct dirty_map *map, bool ret[GRAINS])
{
	struct dirty_range r;
	uint64_t from = 0;

	memset(ret, 0, GRAINS * sizeof(bool));
	while (dirty_map_take(map, from, UINT64_MAX, GRAINS * G, &r)) {
		assert_true(r.start <= r.end && r.end <= GRAINS * G);
		assert_true(r.tail || r.start < r.end);
		for (uint64_t g = r.start / G; g < r.end / G; g++)
			ret[g] = true;
		from = r.end;
	}
}

/* The file says what is dirty or taken; with `more`, it may say more. */
static void check_file(int fd, const struct model *m, bool more)
{
	static bool said[GRAINS];
	struct dirty_map *map;

	assert_int_equal(dirty_map_load(again(fd), &id, &map), 0);
	dirty_grains(map, said);
	for (uint64_t g = 0; g < GRAINS; g++) {
		if (said[g] != model_marked(m, g) && !(more && said[g]))
			fail_msg("grain %ju: the file says %d", (uintmax_t)g, said[g]);
	}
	dirty_map_free(map);
}

/* ---- random steps ---- */

static uint64_t pick_offset(struct random_source *r)
{
	/* Often in the same few places, so that they meet; and where pages of bits end. */
	switch (random_range(r, 0, 3)) {
	case 0:
		return random_range(r, 0, 20 * G);
	case 1:
		return random_range(r, 32760 * G, 32780 * G);
	default:
		return random_range(r, 0, GRAINS * G - 1);
	}
}

static int do_mark(struct dirty_map *map, struct model *m, struct random_source *r)
{
	uint64_t start = pick_offset(r);
	uint64_t len = random_range(r, 0, random_range(r, 0, 9) ? 30 * G : GRAINS * G);
	uint64_t end = MIN_OF(start + len, GRAINS * G);
	int err;

	if (random_range(r, 0, 49) == 0)
		end = random_range(r, 0, 1) ? UINT64_MAX : start + (UINT64_C(1) << 41);
	err = dirty_map_mark(map, start, end);
	if (!err)
		model_mark(m, start, end);
	return err;
}

static int do_mark_from(struct dirty_map *map, struct model *m, struct random_source *r)
{
	uint64_t start = random_range(r, 0, 3) ? pick_offset(r) : (GRAINS - 10) * G;
	int err = dirty_map_mark_from(map, start);

	if (!err)
		m->tail = MIN_OF(m->tail, start / G);
	return err;
}

static void do_take(struct dirty_map *map, struct model *m, struct random_source *r)
{
	struct dirty_range got, expected;
	uint64_t from = random_range(r, 0, 2) ? 0 : pick_offset(r);
	uint64_t max = random_range(r, 0, 40 * G);
	uint64_t size = random_range(r, 0, 3) ? GRAINS * G - 17 : pick_offset(r);
	bool any;

	if (m->out_count == OUTSTANDING_MAX)
		return;
	any = model_take_grains(m, from, max, size, &expected) ||
	      model_take_tail(m, from, size, &expected);
	assert_int_equal(dirty_map_take(map, from, max, size, &got), any);
	if (!any)
		return;
	assert_true(got.start == expected.start && got.end == expected.end);
	assert_int_equal(got.tail, expected.tail);
	m->out[m->out_count++] = got;
}

static int do_copied(struct dirty_map *map, struct model *m, struct random_source *r)
{
	struct dirty_range range;

	if (m->out_count == 0)
		return 0;
	range = pop_outstanding(m, r);
	model_copied(m, &range);
	return dirty_map_copied(map, &range);
}

static void do_step(struct dirty_map *map, struct model *m, struct random_source *r)
{
	switch (random_range(r, 0, 20)) {
	case 0:
		assert_int_equal(do_mark_from(map, m, r), 0);
		break;
	case 1:
		dirty_map_give_back(map);
		model_give_back(m);
		break;
	case 2 ... 8:
		assert_int_equal(do_mark(map, m, r), 0);
		break;
	case 9 ... 14:
		do_take(map, m, r);
		break;
	default:
		assert_int_equal(do_copied(map, m, r), 0);
		break;
	}
}

static void check_model(struct dirty_map *map, const struct model *m, struct random_source *r)
{
	uint64_t size = pick_offset(r);

	assert_int_equal(dirty_map_is_clean(map), model_is_clean(m));
	assert_true(dirty_map_dirty_bytes(map, size) == model_dirty_bytes(m, size));
}

static void a_map_in_memory_is_like_the_model(void **state)
{
	struct random_source r = random_start("dirty map");
	(void)state;

	for (int whole = 0; whole < 2; whole++) {
		struct model *m = model_new(whole);
		struct dirty_map *map;

		assert_int_equal(dirty_map_new(whole, &map), 0);
		for (int i = 0; i < STEPS; i++) {
			do_step(map, m, &r);
			check_model(map, m, &r);
		}
		dirty_map_free(map);
		free(m);
	}
}

static void a_file_says_what_is_dirty_or_taken(void **state)
{
	struct random_source r = random_start("dirty map file");
	(void)state;

	for (int whole = 0; whole < 2; whole++) {
		struct model *m = model_new(whole);
		struct dirty_map *map;
		int fd = new_file();

		assert_int_equal(dirty_map_create(again(fd), &id, whole, &map), 0);
		for (int i = 0; i < STEPS; i++) {
			do_step(map, m, &r);
			check_model(map, m, &r);
			check_file(fd, m, false);
			if (random_range(&r, 0, 99) == 0) { /* as after the death of the daemon */
				dirty_map_free(map);
				assert_int_equal(dirty_map_load(again(fd), &id, &map), 0);
				model_give_back(m);
			}
		}
		assert_int_equal(dirty_map_sync(map), 0);
		dirty_map_free(map);
		free(m);
		close(fd);
	}
}

/* ---- failing calls ---- */

struct unlucky {
	struct random_source random;
	unsigned int one_in; /* 0: none fails */
};

static int unlucky_hook(const char *call, size_t len_bytes, void *cookie)
{
	static const int results[] = { -EIO, -ENOSPC, -EDQUOT, SYS_HOOK_SHORT };
	struct unlucky *u = cookie;
	size_t kinds = ARRAY_SIZE(results);
	(void)call;

	if (u->one_in == 0 || random_range(&u->random, 1, u->one_in) != 1)
		return 0;
	if (len_bytes <= 8) /* a number in the header is written whole or not at all */
		kinds--;
	return results[random_range(&u->random, 0, kinds - 1)];
}

/* Takes what the map gives, which may be more than the model knows of. */
static void take_at_least(struct dirty_map *map, struct model *m, uint64_t from)
{
	struct dirty_range range;
	uint64_t end;

	if (m->out_count == OUTSTANDING_MAX)
		return;
	if (!dirty_map_take(map, from, 100 * G, GRAINS * G, &range))
		return;
	end = range.tail ? GRAINS : range.end / G;
	for (uint64_t g = range.start / G; g < end; g++) {
		m->taken[g] |= m->dirty[g] || g >= m->tail;
		m->dirty[g] = false;
	}
	if (range.tail)
		m->tail = NO_TAIL;
	m->out[m->out_count++] = range;
}

/* Every grain that the model has as dirty can still be taken. */
static void check_nothing_lost(struct dirty_map *map, const struct model *m)
{
	static bool dirty[GRAINS];

	dirty_grains(map, dirty);
	for (uint64_t g = 0; g < GRAINS; g++) {
		if ((m->dirty[g] || g >= m->tail) && !dirty[g])
			fail_msg("grain %ju was lost", (uintmax_t)g);
	}
}

static void fail_a_step(struct dirty_map *map, struct model *m, struct random_source *r)
{
	int err = 0;

	switch (random_range(r, 0, 30)) {
	case 0:
		err = do_mark_from(map, m, r);
		break;
	case 1:
		dirty_map_give_back(map);
		model_give_back(m);
		break;
	case 2 ... 14:
		err = do_mark(map, m, r);
		break;
	case 15 ... 21:
		take_at_least(map, m, random_range(r, 0, 1) ? 0 : pick_offset(r));
		break;
	default:
		err = do_copied(map, m, r);
		break;
	}
	assert_true(err == 0 || err == -EIO || err == -ENOSPC || err == -EDQUOT);
}

static void failing_calls_lose_no_mark(void **state)
{
	struct random_source r = random_start("dirty map faults");
	(void)state;

	for (int round = 0; round < 40; round++) {
		struct unlucky u = { .random = { .state = random_u64(&r) } };
		struct model *m = model_new(false);
		struct dirty_map *map;
		int fd = new_file();

		assert_int_equal(dirty_map_create(again(fd), &id, false, &map), 0);
		sys_set_hook(unlucky_hook, &u);
		for (int i = 0; i < 100; i++) {
			u.one_in = (unsigned int)random_range(&r, 1, 6);
			fail_a_step(map, m, &r);
			u.one_in = 0;
			check_file(fd, m, true);
		}
		sys_set_hook(NULL, NULL);
		check_nothing_lost(map, m);
		dirty_map_free(map);
		free(m);
		close(fd);
	}
}

/* Marks, copies and marks again, with one failing call. Notes in `m` what must not be lost. */
static void one_life(struct dirty_map *map, struct model *m)
{
	if (dirty_map_mark(map, 5 * G, 6 * G) == 0)
		model_mark(m, 5 * G, 6 * G);
	if (dirty_map_mark(map, 32760 * G, 32780 * G) == 0)
		model_mark(m, 32760 * G, 32780 * G);
	take_at_least(map, m, 0);
	if (m->out_count) {
		model_copied(m, &m->out[--m->out_count]);
		(void)!dirty_map_copied(map, &m->out[m->out_count]);
	}
	if (dirty_map_mark(map, 5 * G, 6 * G) == 0)
		model_mark(m, 5 * G, 6 * G);
	if (dirty_map_mark_from(map, 40000 * G) == 0)
		m->tail = MIN_OF(m->tail, 40000);
	take_at_least(map, m, 39000 * G);
	if (m->out_count) {
		model_copied(m, &m->out[--m->out_count]);
		(void)!dirty_map_copied(map, &m->out[m->out_count]);
	}
	if (dirty_map_mark(map, 50000 * G, 50001 * G) == 0)
		model_mark(m, 50000 * G, 50001 * G);
}

static void each_failing_call_loses_no_mark(void **state)
{
	static const int errs[] = { -EIO, -ENOSPC, SYS_HOOK_SHORT };
	unsigned int fds = open_fds();
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(errs); i++) {
		struct fault f = fault_start(errs[i]);

		while (fault_next(&f)) {
			struct model *m = model_new(false);
			struct dirty_map *map = NULL;
			int fd = new_file(), err;

			err = dirty_map_create(again(fd), &id, false, &map);
			if (!err) {
				one_life(map, m);
				fault_pause();
				check_file(fd, m, true);
				check_nothing_lost(map, m);
			} else {
				fault_pause();
				assert_true(f.hit && err == errs[i]);
			}
			dirty_map_free(map);
			free(m);
			close(fd);
			assert_int_equal(open_fds(), fds);
		}
	}
}

/* A write is done by half, and the rest of it fails. */
static int half_hook(const char *call, size_t len_bytes, void *cookie)
{
	unsigned int *calls = cookie;
	(void)call;
	(void)len_bytes;

	return ++*calls == 1 ? SYS_HOOK_SHORT : -EIO;
}

static void fail_copied(struct dirty_map *map, const struct dirty_range *r)
{
	unsigned int calls = 0;

	sys_set_hook(half_hook, &calls);
	assert_int_equal(dirty_map_copied(map, r), -EIO);
	sys_set_hook(NULL, NULL);
	assert_int_equal(calls, 2);
}

static void what_a_failed_write_left_is_marked_again(void **state)
{
	struct model *m = model_new(false);
	struct dirty_range r;
	struct dirty_map *map;
	int fd = new_file();
	(void)state;

	assert_int_equal(dirty_map_create(again(fd), &id, false, &map), 0);
	assert_int_equal(dirty_map_mark(map, 0, 80 * G), 0);
	assert_true(dirty_map_take(map, 0, UINT64_MAX, GRAINS * G, &r));
	fail_copied(map, &r);
	assert_int_equal(dirty_map_mark(map, 0, 80 * G), 0);
	model_mark(m, 0, 80 * G);
	check_file(fd, m, false);
	assert_true(dirty_map_take(map, 0, UINT64_MAX, GRAINS * G, &r));
	assert_int_equal(dirty_map_copied(map, &r), 0);
	memset(m->dirty, 0, sizeof(m->dirty));
	check_file(fd, m, false);

	assert_int_equal(dirty_map_mark_from(map, 0), 0);
	assert_true(dirty_map_take(map, 0, UINT64_MAX, GRAINS * G, &r));
	fail_copied(map, &r);
	assert_int_equal(dirty_map_mark_from(map, 0), 0);
	m->tail = 0;
	check_file(fd, m, false);
	dirty_map_free(map);
	free(m);
	close(fd);
}

static void a_failed_load_says_so(void **state)
{
	struct fault f = fault_start(-EIO);
	unsigned int fds = open_fds();
	struct dirty_map *map;
	int fd = new_file();
	(void)state;

	assert_int_equal(dirty_map_create(again(fd), &id, false, &map), 0);
	assert_int_equal(dirty_map_mark(map, 0, 3 * G), 0);
	assert_int_equal(dirty_map_mark(map, 40000 * G, 40001 * G), 0);
	dirty_map_free(map);
	while (fault_next(&f)) {
		int err;

		map = NULL;
		err = dirty_map_load(again(fd), &id, &map);
		fault_pause();
		assert_int_equal(err, f.hit ? -EIO : 0);
		if (err)
			assert_non_null(strstr(error_text(err), "mirror 3"));
		else
			assert_true(dirty_map_dirty_bytes(map, GRAINS * G) == 4 * G);
		dirty_map_free(map);
	}
	close(fd);
	assert_int_equal(open_fds(), fds);
}

/* ---- how much is written ---- */

struct tally {
	unsigned int calls;
	size_t bytes;
};

static int tally_hook(const char *call, size_t len_bytes, void *cookie)
{
	struct tally *t = cookie;
	(void)call;

	t->calls++;
	t->bytes += len_bytes;
	return 0;
}

static void only_news_is_written(void **state)
{
	struct tally t = { 0 };
	struct dirty_map *map;
	struct dirty_range r;
	(void)state;

	assert_int_equal(dirty_map_create(new_file(), &id, false, &map), 0);
	assert_int_equal(dirty_map_mark(map, 0, 1), 0);
	sys_set_hook(tally_hook, &t);
	assert_int_equal(dirty_map_mark(map, 10, 5 * G), 0);
	assert_int_equal(t.calls, 1); /* the room was made before */
	assert_int_equal(t.bytes, 1);
	for (uint64_t g = 0; g < 5; g++)
		assert_int_equal(dirty_map_mark(map, g * G, (g + 1) * G), 0);
	assert_int_equal(t.calls, 1);
	assert_int_equal(dirty_map_mark(map, 0, 80 * G), 0);
	assert_int_equal(t.calls, 2);
	assert_int_equal(t.bytes, 1 + 10);
	assert_true(dirty_map_take(map, 0, UINT64_MAX, UINT64_MAX, &r));
	assert_true(r.start == 0 && r.end == 80 * G);
	/* The file still has them. */
	assert_int_equal(dirty_map_mark(map, 3 * G, 4 * G), 0);
	assert_int_equal(t.calls, 2);
	assert_int_equal(dirty_map_copied(map, &r), 0);
	assert_int_equal(t.calls, 3);
	assert_true(dirty_map_dirty_bytes(map, UINT64_MAX) == G);
	/* Behind the tail nothing needs to be noted. */
	assert_int_equal(dirty_map_mark_from(map, 8 * G), 0);
	assert_int_equal(t.calls, 4);
	assert_int_equal(dirty_map_mark(map, 9 * G, 50 * G), 0);
	assert_int_equal(dirty_map_mark_from(map, 10 * G), 0);
	assert_int_equal(t.calls, 4);
	sys_set_hook(NULL, NULL);
	dirty_map_free(map);
}

/* ---- files that aren't right ---- */

static void expect_malformed(int fd)
{
	struct dirty_map *map;

	assert_int_equal(dirty_map_load(again(fd), &id, &map), -EUCLEAN);
	assert_non_null(strstr(error_text(-EUCLEAN), "mirror 3"));
}

static void expect_right(int fd, uint64_t dirty_bytes)
{
	struct dirty_map *map;

	assert_int_equal(dirty_map_load(again(fd), &id, &map), 0);
	assert_true(dirty_map_dirty_bytes(map, GRAINS * G) == dirty_bytes);
	dirty_map_free(map);
}

static int good_file(void)
{
	struct dirty_map *map;
	int fd = new_file();

	assert_int_equal(dirty_map_create(again(fd), &id, false, &map), 0);
	assert_int_equal(dirty_map_mark(map, 100 * G, 102 * G), 0);
	dirty_map_free(map);
	return fd;
}

static void each_wrong_byte_is_noticed(void **state)
{
	int fd = good_file();
	uint8_t byte, wrong;
	(void)state;

	for (off_t at = 0; at < HEADER; at++) {
		if (at >= 32 && at < 40) /* the tail: any but those that are too large */
			continue;
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		wrong = at >= 48 && at < 56 ? 0xff : byte ^ 1;
		assert_int_equal(pwrite(fd, &wrong, 1, at), 1);
		expect_malformed(fd);
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	expect_right(fd, 2 * G);
	assert_int_equal(pwrite(fd, "\x7f", 1, 39), 1); /* a tail that is no offset */
	expect_malformed(fd);
	close(fd);
}

static void cut_files_are_noticed(void **state)
{
	struct stat st;
	int fd = good_file();
	(void)state;

	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(ftruncate(fd, st.st_size + 1), 0); /* longer is fine */
	expect_right(fd, 2 * G);
	for (off_t len = st.st_size - 1; len > 0; len -= len > HEADER + 9 ? 600 : 7) {
		assert_int_equal(ftruncate(fd, len), 0);
		expect_malformed(fd);
	}
	assert_int_equal(ftruncate(fd, 0), 0);
	expect_malformed(fd);
	close(fd);
	fd = good_file();
	assert_int_equal(ftruncate(fd, HEADER + (UINT64_C(1) << 29)), 0);
	expect_right(fd, 2 * G);
	assert_int_equal(ftruncate(fd, HEADER + (UINT64_C(1) << 29) + 1), 0);
	expect_malformed(fd);
	close(fd);
}

static void maps_of_others_are_refused(void **state)
{
	struct dirty_map_id others[4] = { id, id, id, id };
	unsigned int fds = open_fds();
	struct dirty_map *map;
	int fd = good_file();
	(void)state;

	others[0].generation++;
	others[1].mirror_id++;
	others[2].file.oid++;
	others[3].file.seq++;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_int_equal(dirty_map_load(again(fd), &others[i], &map), -EUCLEAN);
	close(fd);
	assert_int_equal(open_fds(), fds);
}

/* ---- single cases ---- */

static void expect_range(struct dirty_map *map, uint64_t size, uint64_t start, uint64_t end,
			 bool tail)
{
	struct dirty_range r;

	assert_true(dirty_map_take(map, 0, UINT64_MAX, size, &r));
	assert_true(r.start == start && r.end == end);
	assert_int_equal(r.tail, tail);
	assert_int_equal(dirty_map_copied(map, &r), 0);
}

static void what_lies_behind_the_end_is_cut(void **state)
{
	struct dirty_map *map;
	struct dirty_range r;
	(void)state;

	assert_int_equal(dirty_map_new(false, &map), 0);
	/* A write that was marked and then failed. */
	assert_int_equal(dirty_map_mark(map, 10 * G, 11 * G), 0);
	assert_true(dirty_map_dirty_bytes(map, 5) == 0);
	expect_range(map, 5, 5, 5, true);
	assert_true(dirty_map_is_clean(map));
	/* Not for who has been farther already. */
	assert_int_equal(dirty_map_mark_from(map, 3 * G), 0);
	assert_false(dirty_map_take(map, 5 * G + 1, G, 5 * G, &r));
	expect_range(map, 5 * G, 3 * G, 5 * G, true);
	/* A file that was cut. */
	assert_int_equal(dirty_map_mark_from(map, 10 * G + 7), 0);
	assert_true(dirty_map_dirty_bytes(map, 10 * G + 7) == 7);
	expect_range(map, 10 * G + 7, 10 * G, 10 * G + 7, true);
	assert_int_equal(dirty_map_mark_from(map, 10 * G), 0);
	expect_range(map, 10 * G, 10 * G, 10 * G, true);
	assert_int_equal(dirty_map_mark_from(map, 0), 0);
	expect_range(map, 0, 0, 0, true);
	assert_true(dirty_map_is_clean(map));
	assert_false(dirty_map_take(map, 0, G, GRAINS * G, &r));
	dirty_map_free(map);
}

static void a_tail_that_is_spread_is_copied_in_parts(void **state)
{
	struct dirty_map *map;
	struct dirty_range r;
	int fd = new_file();
	(void)state;

	assert_int_equal(dirty_map_create(again(fd), &id, true, &map), 0);
	dirty_map_spread_tail(map, 10 * G - 7);
	assert_true(dirty_map_dirty_bytes(map, 10 * G - 7) == 10 * G - 7);
	assert_true(dirty_map_take(map, 0, 4 * G, 10 * G - 7, &r));
	assert_true(r.start == 0 && r.end == 4 * G && !r.tail);
	assert_int_equal(dirty_map_copied(map, &r), 0);
	dirty_map_free(map);
	/* Its owner died. */
	assert_int_equal(dirty_map_load(again(fd), &id, &map), 0);
	assert_true(dirty_map_dirty_bytes(map, 10 * G - 7) == 6 * G - 7);
	expect_range(map, 10 * G - 7, 4 * G, 9 * G, false);
	/* What the copy has in the file's last grain is cut off, although the file has grown. */
	expect_range(map, 12 * G, 9 * G, 12 * G, true);
	assert_true(dirty_map_is_clean(map));
	/* There is nothing to do where it is behind the end, taken, or not to be noted. */
	assert_int_equal(dirty_map_mark_from(map, 12 * G), 0);
	dirty_map_spread_tail(map, 11 * G);
	expect_range(map, 11 * G, 11 * G, 11 * G, true);
	assert_int_equal(dirty_map_mark_from(map, 3 * G), 0);
	assert_true(dirty_map_take(map, 0, G, 9 * G, &r));
	assert_int_equal(dirty_map_mark_from(map, 5 * G), 0);
	dirty_map_spread_tail(map, 9 * G);
	dirty_map_give_back(map);
	expect_range(map, 9 * G, 3 * G, 9 * G, true);
	assert_int_equal(dirty_map_mark_from(map, 0), 0);
	dirty_map_spread_tail(map, INT64_MAX);
	expect_range(map, INT64_MAX, 0, INT64_MAX, true);
	assert_true(dirty_map_is_clean(map));
	dirty_map_free(map);
	close(fd);
}

static void the_largest_offsets_work(void **state)
{
	const uint64_t max_size = INT64_MAX;
	struct dirty_map *map;
	(void)state;

	assert_int_equal(dirty_map_create(new_file(), &id, false, &map), 0);
	assert_int_equal(dirty_map_mark(map, max_size - 1, max_size), 0);
	assert_true(dirty_map_dirty_bytes(map, max_size) == G - 1);
	expect_range(map, max_size, align_down(max_size, G), max_size, true);
	assert_int_equal(dirty_map_mark(map, UINT64_MAX - 1, UINT64_MAX), 0);
	expect_range(map, max_size, max_size, max_size, true);
	/* The last grain that has a bit, and the first that has none. */
	assert_int_equal(
		dirty_map_mark(map, DIRTY_MAP_GRAINS_MAX * G - 1, DIRTY_MAP_GRAINS_MAX * G), 0);
	expect_range(map, max_size, (DIRTY_MAP_GRAINS_MAX - 1) * G, DIRTY_MAP_GRAINS_MAX * G,
		     false);
	assert_int_equal(
		dirty_map_mark(map, DIRTY_MAP_GRAINS_MAX * G, DIRTY_MAP_GRAINS_MAX * G + 1), 0);
	expect_range(map, max_size, DIRTY_MAP_GRAINS_MAX * G, max_size, true);
	assert_true(dirty_map_is_clean(map));
	dirty_map_free(map);
}

/* ---- threads ---- */

#define THREADS 4
#define WRITES 5000
#define PLACES 300

struct follow {
	struct dirty_map *map;
	pthread_rwlock_t no_change; /* held exclusively while ranges are taken */
	atomic_uint file[PLACES], copy[PLACES];
	atomic_bool done;
	atomic_uint writers;
};

static void *write_places(void *cookie)
{
	struct follow *f = cookie;
	struct random_source r = { .state = atomic_fetch_add(&f->writers, 1) };

	for (int i = 0; i < WRITES; i++) {
		uint64_t g = random_range(&r, 0, PLACES - 1);

		pthread_rwlock_rdlock(&f->no_change);
		if (dirty_map_mark(f->map, g * G + 5, g * G + 9))
			abort();
		atomic_fetch_add(&f->file[g], 1);
		pthread_rwlock_unlock(&f->no_change);
	}
	return NULL;
}

static bool copy_next(struct follow *f, uint64_t *from)
{
	struct dirty_range r;
	bool any;

	pthread_rwlock_wrlock(&f->no_change);
	any = dirty_map_take(f->map, *from, 20 * G, PLACES * G, &r);
	pthread_rwlock_unlock(&f->no_change);
	for (uint64_t g = r.start / G; any && g < r.end / G; g++)
		atomic_store(&f->copy[g], atomic_load(&f->file[g]));
	if (any && dirty_map_copied(f->map, &r))
		abort();
	*from = any ? r.end : 0;
	return any;
}

static void *copy_places(void *cookie)
{
	struct follow *f = cookie;
	uint64_t from = 0;

	while (!atomic_load(&f->done))
		copy_next(f, &from);
	return NULL;
}

static void a_copy_follows_its_writers(void **state)
{
	static struct follow f;
	pthread_t writers[THREADS], copier;
	uint64_t from = 0;
	(void)state;

	pthread_rwlock_init(&f.no_change, NULL);
	assert_int_equal(dirty_map_create(new_file(), &id, true, &f.map), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&writers[i], NULL, write_places, &f), 0);
	assert_int_equal(pthread_create(&copier, NULL, copy_places, &f), 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(writers[i], NULL);
	atomic_store(&f.done, true);
	pthread_join(copier, NULL);
	while (copy_next(&f, &from) || copy_next(&f, &from))
		;
	assert_true(dirty_map_is_clean(f.map));
	for (size_t g = 0; g < PLACES; g++)
		assert_int_equal(atomic_load(&f.copy[g]), atomic_load(&f.file[g]));
	dirty_map_free(f.map);
	pthread_rwlock_destroy(&f.no_change);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_in_memory_is_like_the_model),
		cmocka_unit_test(a_file_says_what_is_dirty_or_taken),
		cmocka_unit_test(failing_calls_lose_no_mark),
		cmocka_unit_test(each_failing_call_loses_no_mark),
		cmocka_unit_test(what_a_failed_write_left_is_marked_again),
		cmocka_unit_test(a_failed_load_says_so),
		cmocka_unit_test(only_news_is_written),
		cmocka_unit_test(each_wrong_byte_is_noticed),
		cmocka_unit_test(cut_files_are_noticed),
		cmocka_unit_test(maps_of_others_are_refused),
		cmocka_unit_test(what_lies_behind_the_end_is_cut),
		cmocka_unit_test(a_tail_that_is_spread_is_copied_in_parts),
		cmocka_unit_test(the_largest_offsets_work),
		cmocka_unit_test(a_copy_follows_its_writers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
