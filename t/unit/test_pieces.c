/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ranges that threads work on in pieces, some of which grow: each byte is some thread's once, and
 * none is left.
 */
#include "unit.h"

#include "random.h"

#include "base/error.h"
#include "base/units.h"
#include "mover/pieces.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

#define RANGES 5
#define LEN 4000

static struct piece_range ranges[RANGES];
static _Atomic unsigned int times[LEN];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct random_source dice; /* guarded by lock */

static uint64_t roll(uint64_t min, uint64_t max)
{
	uint64_t number;

	pthread_mutex_lock(&lock);
	number = random_range(&dice, min, max);
	pthread_mutex_unlock(&lock);
	return number;
}

/* 0: nobody does. */
static uint32_t needed_by(uint64_t byte)
{
	for (unsigned int i = 0; i < RANGES; i++) {
		if (byte >= ranges[i].start && byte < ranges[i].end)
			return ranges[i].targets;
	}
	return 0;
}

static int count_bytes(struct pieces *p, struct piece *piece, void *cookie)
{
	(void)cookie;
	if (roll(0, 3) == 0)
		sched_yield();
	if (roll(0, 1))
		pieces_extend(p, piece, roll(piece->start, LEN + 100));
	if (roll(0, 4) == 0)
		pieces_spread(p, piece, roll(piece->start, piece->end));
	for (uint64_t at = piece->start; at < piece->end; at++) {
		assert_int_equal(needed_by(at), piece->targets);
		times[at]++;
	}
	pieces_add_done(p, piece->end - piece->start);
	return 0;
}

static uint64_t done;

static void note_done(uint64_t done_bytes, void *cookie)
{
	(void)cookie;
	assert_true(done_bytes >= done);
	done = done_bytes;
}

/* Neighbours, or with room between them; of one target or two. Returns their sum. */
static uint64_t make_ranges(void)
{
	uint64_t at = 0, sum = 0;

	for (unsigned int i = 0; i < RANGES; i++) {
		at += roll(0, 1) * roll(0, 100);
		ranges[i].start = at;
		at += roll(1, (LEN - at) / 3);
		ranges[i].end = at;
		ranges[i].targets = 1 + i;
		sum += at - ranges[i].start;
	}
	return sum;
}

static void each_byte_is_worked_on_once(void **state)
{
	(void)state;
	dice = random_start(__func__);
	for (int i = 0; i < 500; i++) {
		struct pieces_request req = {
			.ranges = ranges,
			.range_count = RANGES,
			.piece_bytes = roll(1, 300),
			.alone_bytes = roll(0, 1) * roll(300, 2000),
			.threads = (unsigned int)roll(1, 8),
			.work = count_bytes,
			.progress = note_done,
		};
		uint64_t sum = make_ranges();

		done = 0;
		for (unsigned int at = 0; at < LEN; at++)
			times[at] = 0;
		assert_int_equal(pieces_run(&req), 0);
		for (unsigned int at = 0; at < LEN; at++)
			assert_int_equal(times[at], needed_by(at) ? 1 : 0);
		assert_int_equal(done, sum);
	}
}

/* ---- what comes after a piece ---- */

static unsigned int calls;

static int grow(struct pieces *p, struct piece *piece, void *cookie)
{
	const uint64_t *to = cookie;

	if (++calls > 2)
		return fail(-E2BIG, "more pieces than ranges");
	pieces_extend(p, piece, *to);
	return 0;
}

static void a_piece_grows_as_far_as_its_range(void **state)
{
	const struct piece_range two[] = { { 0, UINT64_C(1) << 62, 1 },
					   { UINT64_C(1) << 62, INT64_MAX, 2 } };
	uint64_t to = UINT64_MAX;
	const struct pieces_request req = { .ranges = two,
					    .range_count = 2,
					    .piece_bytes = MIB,
					    .alone_bytes = GIB,
					    .threads = 1,
					    .work = grow,
					    .cookie = &to };

	(void)state;
	calls = 0;
	assert_int_equal(pieces_run(&req), 0);
	assert_int_equal(calls, 2);
}

/* ---- threads ---- */

static _Atomic unsigned int at_work;

/* With all others: none of them may go on before all have a piece. */
static int meet(struct pieces *p, struct piece *piece, void *cookie)
{
	const unsigned int *count = cookie;
	uint64_t end = piece->end;

	at_work++;
	while (at_work < *count)
		sched_yield();
	pieces_extend(p, piece, LEN);
	/* Only of the last one nobody has what comes after it. */
	assert_int_equal(piece->end, end == 400 ? LEN : end);
	return 0;
}

static void what_others_have_taken_is_theirs(void **state)
{
	const struct piece_range all = { 0, LEN, 1 };
	unsigned int count = 4;
	const struct pieces_request req = { .ranges = &all,
					    .range_count = 1,
					    .piece_bytes = 100,
					    .threads = count,
					    .work = meet,
					    .cookie = &count };

	(void)state;
	at_work = 0;
	assert_int_equal(pieces_run(&req), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_byte_is_worked_on_once),
		cmocka_unit_test(a_piece_grows_as_far_as_its_range),
		cmocka_unit_test(what_others_have_taken_is_theirs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
