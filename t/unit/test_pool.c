/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every job is run once, by one thread or by many; and waiting for them waits for all. */
#include "unit.h"

#include "base/pool.h"

#include <sched.h>
#include <stdatomic.h>

#define JOBS 5000

static atomic_uint runs[JOBS];
static atomic_uint sum;

static void count(void *job)
{
	atomic_fetch_add((atomic_uint *)job, 1);
	sched_yield();
	atomic_fetch_add(&sum, 1);
}

static void every_job_is_run_once(void **state)
{
	static const unsigned int threads[] = { 1, 2, 16 };

	(void)state;
	for (size_t t = 0; t < ARRAY_SIZE(threads); t++) {
		struct pool *p;

		memset(runs, 0, sizeof(runs));
		atomic_store(&sum, 0);
		assert_int_equal(pool_new(threads[t], &p), 0);
		pool_wait(p);
		for (unsigned int i = 0; i < JOBS; i++) {
			pool_add(p, count, &runs[i]);
			if (i == JOBS / 2) {
				pool_wait(p);
				assert_int_equal(atomic_load(&sum), i + 1);
			}
		}
		pool_wait(p);
		assert_int_equal(atomic_load(&sum), JOBS);
		pool_free(p);
		for (unsigned int i = 0; i < JOBS; i++)
			assert_int_equal(atomic_load(&runs[i]), 1);
	}
}

static void the_end_waits_for_what_was_added(void **state)
{
	struct pool *p;

	(void)state;
	memset(runs, 0, sizeof(runs));
	assert_int_equal(pool_new(3, &p), 0);
	for (unsigned int i = 0; i < 10; i++)
		pool_add(p, count, &runs[0]);
	pool_free(p);
	assert_int_equal(atomic_load(&runs[0]), 10);
	pool_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_job_is_run_once),
		cmocka_unit_test(the_end_waits_for_what_was_added),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
