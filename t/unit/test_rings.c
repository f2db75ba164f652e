/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rings and buffers within their budget: never more of them than it allows, however many threads
 * want one; who waits gets one, or is told that there will be none.
 */
#include "unit.h"

#include "base/sys.h"
#include "io/io.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#define THREADS 16

static void memory_is_cut_into_rings_and_buffers(void **state)
{
	static const uint64_t sizes[] = {
		IO_MEMORY_MIN, 700 * KIB, MIB,     3 * MIB,   10 * MIB,
		37 * MIB,      64 * MIB,  GIB / 2, 100 * GIB, UINT64_MAX
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct io_ladder ladder;
		const struct rings *r = &ladder.rings;
		uint64_t sum;

		io_ladder_init(&ladder, sizes[i]);
		sum = r->max * r->slots * r->slot_bytes + ladder.buffers.max * BUFFER_BYTES;
		assert_true(sum <= sizes[i]);
		assert_in_range(r->slots, 2, URING_SLOTS_MAX);
		assert_in_range(r->max, 1, RINGS_MAX);
		assert_in_range(ladder.buffers.max, 1, BUFFERS_MAX);
		assert_int_equal(r->slot_bytes % (64 * KIB), 0);
		io_ladder_release(&ladder);
	}
}

/* ---- many threads ---- */

static struct rings rings;
static struct buffers buffers;
static atomic_uint held, most, takes;
static atomic_int setup_result;
static atomic_bool slowly;

static int hook(const char *call, size_t len_bytes, void *cookie)
{
	(void)len_bytes;
	(void)cookie;
	if (strcmp(call, "uring_setup"))
		return 0;
	if (atomic_load(&slowly))
		usleep(50000); /* so that the others are waiting when it comes to an end */
	return atomic_load(&setup_result);
}

static void hold(void)
{
	unsigned int now = atomic_fetch_add(&held, 1) + 1, before = atomic_load(&most);

	while (now > before && !atomic_compare_exchange_weak(&most, &before, now))
		;
	sched_yield();
	atomic_fetch_add(&takes, 1);
	atomic_fetch_sub(&held, 1);
}

static void *take_buffers(void *arg)
{
	(void)arg;
	for (int i = 0; i < 200; i++) {
		unsigned char *buffer = buffers_take(&buffers);

		if (!buffer)
			break;
		buffer[0]++;
		buffer[BUFFER_BYTES - 1]++;
		hold();
		buffers_give(&buffers, buffer);
	}
	return NULL;
}

static void *take_rings(void *arg)
{
	int *ret_err = arg;

	for (int i = 0; i < 100; i++) {
		struct uring *ring;
		int err = rings_take(&rings, &ring);

		if (err) {
			*ret_err = err;
			return NULL;
		}
		uring_buffer(ring, 0)[0]++;
		hold();
		rings_give(&rings, ring);
	}
	*ret_err = 0;
	return NULL;
}

/* A thread that never comes back is what this is about: it fails and doesn't hang. */
static void join_all(pthread_t threads[THREADS])
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 20;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_timedjoin_np(threads[i], NULL, &until), 0);
}

static void buffers_are_shared_by_more_threads_than_there_are(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	for (unsigned int max = 1; max <= 3; max++) {
		atomic_store(&most, 0);
		atomic_store(&takes, 0);
		buffers_init(&buffers, max * BUFFER_BYTES);
		for (int i = 0; i < THREADS; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, take_buffers, NULL), 0);
		join_all(threads);
		assert_int_equal(atomic_load(&takes), THREADS * 200);
		assert_in_range(atomic_load(&most), 1, max);
		assert_in_range(buffers.made, 1, max);
		buffers_release(&buffers);
	}
}

static void want_rings(unsigned int max, int results[THREADS])
{
	pthread_t threads[THREADS];

	atomic_store(&most, 0);
	atomic_store(&takes, 0);
	rings_init(&rings, max * 2 * 64 * KIB);
	rings.slots = 2; /* small ones, and as many as wanted */
	rings.max = max;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_rings, &results[i]), 0);
	join_all(threads);
	assert_true(atomic_load(&most) <= max);
	assert_true(rings.made <= max);
	assert_int_equal(rings.idle_count, rings.made);
	rings_release(&rings);
}

static bool have_uring(void)
{
	struct uring *ring;
	int err = uring_new(2, 64 * KIB, &ring);

	if (err) {
		print_message("skipped: no io_uring here (%s)\n", strerror(-err));
		return false;
	}
	uring_free(ring);
	return true;
}

static void rings_are_shared_by_more_threads_than_there_are(void **state)
{
	int results[THREADS];

	(void)state;
	if (!have_uring())
		return;
	for (unsigned int max = 1; max <= 3; max++) {
		want_rings(max, results);
		for (int i = 0; i < THREADS; i++)
			assert_int_equal(results[i], 0);
		assert_int_equal(atomic_load(&takes), THREADS * 100);
	}
}

/* Everyone who waits is told, not only the first of them. */
static void a_refusal_is_for_all_who_wait(void **state)
{
	static const int refusals[] = { -EPERM, -ENOSYS, -ENOMEM };
	int results[THREADS];

	(void)state;
	sys_set_hook(hook, NULL);
	for (unsigned int max = 1; max <= 3; max++) {
		for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
			atomic_store(&setup_result, refusals[i]);
			/* One after the other, where each has to try. */
			atomic_store(&slowly, refusals[i] != -ENOMEM);
			want_rings(max, results);
			for (int t = 0; t < THREADS; t++)
				assert_int_equal(results[t], refusals[i]);
		}
	}
	sys_set_hook(NULL, NULL);
}

/* Once refused they are not asked for again; out of memory they are. */
static void what_is_refused_stays_refused(void **state)
{
	struct uring *ring;

	(void)state;
	if (!have_uring())
		return;
	atomic_store(&slowly, false);
	sys_set_hook(hook, NULL);
	rings_init(&rings, MIB);
	atomic_store(&setup_result, -ENOMEM);
	assert_int_equal(rings_take(&rings, &ring), -ENOMEM);
	atomic_store(&setup_result, 0);
	assert_int_equal(rings_take(&rings, &ring), 0);
	rings_give(&rings, ring);
	rings_release(&rings);

	rings_init(&rings, MIB);
	atomic_store(&setup_result, -ENOSYS);
	assert_int_equal(rings_take(&rings, &ring), -ENOSYS);
	atomic_store(&setup_result, 0);
	assert_int_equal(rings_take(&rings, &ring), -ENOSYS);
	rings_release(&rings);
	sys_set_hook(NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_cut_into_rings_and_buffers),
		cmocka_unit_test(buffers_are_shared_by_more_threads_than_there_are),
		cmocka_unit_test(rings_are_shared_by_more_threads_than_there_are),
		cmocka_unit_test(a_refusal_is_for_all_who_wait),
		cmocka_unit_test(what_is_refused_stays_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
