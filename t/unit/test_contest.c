/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The choice between the kernel's copy and io_uring, whoever asks and in whatever order tries end;
 * and how much is under way on what kind of device.
 */
#include "unit.h"

#include "random.h"

#include "base/attr.h"
#include "base/clock.h"
#include "io/contest.h"
#include "io/device.h"

#include <errno.h>

/* The next piece, which is to be a try. */
static enum contest_way try_next(struct contest *c)
{
	enum contest_way way;
	bool timed;

	way = contest_next(c, &timed);
	assert_true(timed);
	return way;
}

static void note_rate(struct contest *c, enum contest_way way, uint64_t mib_per_s)
{
	contest_note(c, way, mib_per_s * MIB, NS_PER_S);
}

static void the_faster_way_wins(void **state)
{
	(void)state;
	for (int uring_is_faster = 0; uring_is_faster < 2; uring_is_faster++) {
		const uint64_t rate[CONTEST_WAYS] = { 500, uring_is_faster ? 600 : 400 };
		unsigned int tries[CONTEST_WAYS] = { 0 };
		struct contest c = { 0 };
		enum contest_way way, won;
		bool timed;

		for (int i = 0; i < CONTEST_TRIES * CONTEST_WAYS; i++) {
			assert_false(contest_decided(&c, &won));
			way = try_next(&c);
			tries[way]++;
			note_rate(&c, way, rate[way]);
		}
		assert_int_equal(tries[CONTEST_KERNEL], CONTEST_TRIES);
		assert_int_equal(tries[CONTEST_URING], CONTEST_TRIES);
		assert_true(contest_decided(&c, &won));
		assert_int_equal(won, uring_is_faster ? CONTEST_URING : CONTEST_KERNEL);
		for (int i = 0; i < 10; i++) {
			assert_int_equal(contest_next(&c, &timed), won);
			assert_false(timed);
		}
	}
}

/* The first try may have met a cold disk, or another program. */
static void the_better_try_counts(void **state)
{
	struct contest c = { 0 };
	enum contest_way won;

	(void)state;
	for (int i = 0; i < CONTEST_TRIES; i++) {
		enum contest_way a = try_next(&c), b = try_next(&c);

		assert_int_not_equal(a, b); /* in turn */
		note_rate(&c, CONTEST_KERNEL, i ? 900 : 10);
		note_rate(&c, CONTEST_URING, i ? 20 : 800);
	}
	assert_true(contest_decided(&c, &won));
	assert_int_equal(won, CONTEST_KERNEL);
	assert_in_range(c.best_bytes_per_s[CONTEST_KERNEL], 899 * MIB, 901 * MIB);
	assert_in_range(c.best_bytes_per_s[CONTEST_URING], 799 * MIB, 801 * MIB);
}

static void others_do_not_wait_for_the_last_tries(void **state)
{
	struct contest c = { 0 };
	bool timed;

	(void)state;
	for (int i = 0; i < CONTEST_TRIES * CONTEST_WAYS; i++)
		(void)try_next(&c);
	assert_int_equal(contest_next(&c, &timed), CONTEST_URING);
	assert_false(timed);
}

static void a_try_that_came_to_nothing_is_made_again(void **state)
{
	struct contest c = { 0 };
	enum contest_way won;

	(void)state;
	for (int i = 0; i < 100; i++)
		contest_cancel(&c, try_next(&c));
	assert_false(contest_decided(&c, &won));
	for (int i = 0; i < CONTEST_TRIES * CONTEST_WAYS; i++)
		note_rate(&c, try_next(&c), 5);
	assert_true(contest_decided(&c, &won));
	assert_int_equal(won, CONTEST_KERNEL); /* a draw: fewer moving parts */
}

static void a_piece_that_took_no_time_is_no_division_by_it(void **state)
{
	struct contest c = { 0 };
	enum contest_way won;

	(void)state;
	for (int i = 0; i < CONTEST_TRIES * CONTEST_WAYS; i++)
		contest_note(&c, try_next(&c), CONTEST_PIECE_BYTES, 0);
	assert_true(contest_decided(&c, &won));
	assert_true(c.best_bytes_per_s[won] > 0);
}

/*
 * Tries begin, end and come to nothing in any order: never more under way or counted than there may
 * be, and in the end it is decided.
 */
static void any_order(void **state)
{
	struct random_source r = random_start("any_order");

	(void)state;
	for (int round = 0; round < 500; round++) {
		unsigned int under_way[CONTEST_WAYS] = { 0 };
		struct contest c = { 0 };
		enum contest_way won;
		int steps = 0;

		while (!contest_decided(&c, &won)) {
			enum contest_way way = (enum contest_way)random_range(&r, 0, 1);
			bool timed;

			assert_true(steps++ < 10000);
			if (random_range(&r, 0, 1)) {
				way = contest_next(&c, &timed);
				under_way[way] += timed;
			} else if (under_way[way] > 0) {
				under_way[way]--;
				if (random_range(&r, 0, 2))
					note_rate(&c, way, random_range(&r, 1, 1000));
				else
					contest_cancel(&c, way);
			}
			for (int w = 0; w < CONTEST_WAYS; w++) {
				assert_true(c.begun[w] <= CONTEST_TRIES);
				assert_int_equal(c.begun[w] - c.tried[w], under_way[w]);
			}
		}
		assert_true(c.best_bytes_per_s[won] >= c.best_bytes_per_s[!won]);
	}
}

static void what_is_under_way_suits_the_device(void **state)
{
	struct io_device d = { .kind = IO_DEVICE_NETWORK };
	uint64_t last = 0;

	(void)state;
	for (d.round_trip_ns = 0; d.round_trip_ns < NS_PER_S; d.round_trip_ns += NS_PER_S / 1000) {
		uint64_t bytes = device_inflight_bytes(&d);

		assert_in_range(bytes, MIB, 32 * MIB);
		assert_true(bytes >= last); /* further away: more */
		last = bytes;
	}
	d.round_trip_ns = UINT64_MAX;
	assert_in_range(device_inflight_bytes(&d), MIB, 32 * MIB);
	d = (struct io_device){ .kind = IO_DEVICE_FLASH };
	last = device_inflight_bytes(&d);
	d.kind = IO_DEVICE_ROTATIONAL;
	assert_true(device_inflight_bytes(&d) < last);
	d.kind = IO_DEVICE_MEMORY;
	assert_in_range(device_inflight_bytes(&d), MIB, 32 * MIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_faster_way_wins),
		cmocka_unit_test(the_better_try_counts),
		cmocka_unit_test(others_do_not_wait_for_the_last_tries),
		cmocka_unit_test(a_try_that_came_to_nothing_is_made_again),
		cmocka_unit_test(a_piece_that_took_no_time_is_no_division_by_it),
		cmocka_unit_test(any_order),
		cmocka_unit_test(what_is_under_way_suits_the_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
