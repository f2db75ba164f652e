/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The limit holds over any time, however many threads ask and however long they were idle before.
 */
#include "unit.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/units.h"
#include "io/bandwidth.h"

#include <pthread.h>
#include <time.h>

#define RATE (64 * MIB)
#define THREADS 4
#define WINDOW_NS (250 * NS_PER_MS)

static struct bandwidth limit;
static atomic_bool over;
static _Atomic uint64_t taken;

static void portions_are_steady_and_never_nothing(void **state)
{
	struct bandwidth b;

	(void)state;
	assert_true(bandwidth_portion(NULL) == UINT64_MAX);
	bandwidth_init(&b, 0);
	assert_true(bandwidth_portion(&b) == UINT64_MAX);
	bandwidth_release(&b);
	bandwidth_init(&b, 1);
	assert_int_equal(bandwidth_portion(&b), 64 * KIB);
	bandwidth_release(&b);
	bandwidth_init(&b, 100 * MIB);
	assert_true(bandwidth_portion(&b) <= MIB);
	assert_int_equal(bandwidth_portion(&b) % (64 * KIB), 0);
	bandwidth_release(&b);
}

static void *take_all_the_time(void *arg)
{
	(void)arg;
	while (!atomic_load(&over)) {
		uint64_t portion = bandwidth_portion(&limit);

		bandwidth_take(&limit, portion, &over);
		if (!atomic_load(&over))
			atomic_fetch_add(&taken, portion);
	}
	return NULL;
}

/*
 * What may have been taken since began_ns, at the most: a portion of each thread was under way
 * then.
 */
static uint64_t allowed(uint64_t began_ns)
{
	uint64_t ns = clock_now_ns() - began_ns + 30 * NS_PER_MS;

	return (uint64_t)((double)ns / (double)NS_PER_S * (double)RATE) +
	       THREADS * bandwidth_portion(&limit);
}

static void no_window_has_more_than_the_limit(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	bandwidth_init(&limit, RATE);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_all_the_time, NULL), 0);
	for (int i = 0; i < 6; i++) {
		uint64_t began_ns = clock_now_ns(), before = atomic_load(&taken);
		struct timespec window = { .tv_nsec = (long)WINDOW_NS };

		nanosleep(&window, NULL);
		assert_true(atomic_load(&taken) - before <= allowed(began_ns));
	}
	atomic_store(&over, true);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_true(atomic_load(&taken) > 0);
	bandwidth_release(&limit);
}

static void idle_time_is_not_saved_up(void **state)
{
	struct timespec idle = { .tv_nsec = (long)(300 * NS_PER_MS) };
	uint64_t began_ns;

	(void)state;
	bandwidth_init(&limit, RATE);
	bandwidth_take(&limit, 1, NULL);
	nanosleep(&idle, NULL);
	began_ns = clock_now_ns();
	for (uint64_t sum = 0; sum < RATE / 10; sum += bandwidth_portion(&limit))
		bandwidth_take(&limit, bandwidth_portion(&limit), NULL);
	assert_true(clock_now_ns() - began_ns >= 60 * NS_PER_MS);
	bandwidth_release(&limit);
}

static void what_is_given_back_can_be_taken_at_once(void **state)
{
	uint64_t began_ns = clock_now_ns();

	(void)state;
	bandwidth_init(&limit, RATE);
	for (int i = 0; i < 100; i++) {
		bandwidth_take(&limit, 100 * RATE, NULL);
		bandwidth_give_back(&limit, 100 * RATE);
	}
	assert_true(clock_now_ns() - began_ns < 100 * NS_PER_S);
	bandwidth_release(&limit);
	bandwidth_give_back(NULL, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(portions_are_steady_and_never_nothing),
		cmocka_unit_test(no_window_has_more_than_the_limit),
		cmocka_unit_test(idle_time_is_not_saved_up),
		cmocka_unit_test(what_is_given_back_can_be_taken_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
