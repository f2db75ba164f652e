/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory for copying: no more than there may be at any time, used again, and everybody gets some,
 * in the order of coming.
 */
#include "unit.h"

#include "random.h"

#include "mover/copy_memory.h"

#include <inttypes.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define THREADS 16
#define SPACER_BYTES ((size_t)123 * 4096)

static void the_default_is_between_one_file_and_the_most(void **state)
{
	(void)state;
	assert_in_range(copy_memory_default(), COPY_MEMORY_FILE, COPY_MEMORY_MAX);
}

static void files_share_what_there_is(void **state)
{
	struct copy_memory m;

	(void)state;
	copy_memory_init(&m, 128 * MIB);
	for (unsigned int files = 1; files <= 16; files++)
		assert_int_equal(copy_memory_begin(&m), MIN_OF(32 * MIB, 128 * MIB / files));
	for (unsigned int files = 16; files > 0; files--)
		copy_memory_end(&m);
	assert_int_equal(copy_memory_begin(&m), 32 * MIB);
	copy_memory_end(&m);
	copy_memory_release(&m);
}

static void what_is_given_back_is_used_again(void **state)
{
	struct copy_memory m;
	void *first;

	(void)state;
	copy_memory_init(&m, 32 * MIB);
	first = copy_memory_take(&m, 4 * MIB);
	assert_int_equal((uintptr_t)first % 4096, 0);
	copy_memory_give(&m, first, 4 * MIB);
	/* Of nearly the same length, too. */
	for (int i = 0; i < 3; i++) {
		void *again = copy_memory_take(&m, 4 * MIB - 4096 * (size_t)i);

		assert_ptr_equal(again, first);
		copy_memory_give(&m, again, 4 * MIB - 4096 * (size_t)i);
	}
	copy_memory_release(&m);
}

/* Whether the kernel was asked for huge pages where `memory` is: "hg" of proc(5). */
static bool is_huge(const void *memory)
{
	FILE *smaps = fopen("/proc/self/smaps", "r");
	uintptr_t from, to;
	bool inside = false, huge = false;
	char line[4096];

	assert_non_null(smaps);
	while (fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
			inside = (uintptr_t)memory >= from && (uintptr_t)memory < to;
		else if (inside && strncmp(line, "VmFlags:", 8) == 0)
			huge = strstr(line, " hg");
	}
	fclose(smaps);
	return huge;
}

static unsigned long mapped_pages(void)
{
	FILE *statm = fopen("/proc/self/statm", "r");
	unsigned long pages;

	assert_non_null(statm);
	assert_int_equal(fscanf(statm, "%lu", &pages), 1);
	fclose(statm);
	return pages;
}

static void large_pieces_are_in_huge_pages(void **state)
{
	bool can_be = access("/sys/kernel/mm/transparent_hugepage", F_OK) == 0;
	unsigned long before = mapped_pages();

	(void)state;
	for (size_t len = 4096; len <= 32 * MIB; len *= 2) {
		struct copy_memory m;
		void *memory[3], *spacers[3];

		copy_memory_init(&m, 128 * MIB);
		for (int i = 0; i < 3; i++) {
			/* Mappings begin anywhere. */
			spacers[i] = mmap(NULL, SPACER_BYTES, PROT_NONE,
					  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			assert_ptr_not_equal(spacers[i], MAP_FAILED);
			memory[i] = copy_memory_take(&m, len);
			assert_non_null(memory[i]);
			memset(memory[i], 1, len);
			if (len < 2 * MIB)
				continue;
			assert_int_equal((uintptr_t)memory[i] % (2 * MIB), 0);
			assert_int_equal(is_huge(memory[i]), can_be);
		}
		for (int i = 0; i < 3; i++) {
			copy_memory_give(&m, memory[i], len);
			munmap(spacers[i], SPACER_BYTES);
		}
		copy_memory_release(&m);
	}
	/* What was cut off to begin at a huge page has gone, too. */
	assert_true(mapped_pages() * (size_t)getpagesize() < before * (size_t)getpagesize() + MIB);
}

static void what_is_idle_makes_room_for_other_lengths(void **state)
{
	struct copy_memory m;

	(void)state;
	copy_memory_init(&m, 32 * MIB);
	for (size_t len = 4096; len <= 32 * MIB; len *= 2) {
		void *taken = copy_memory_take(&m, len);

		assert_non_null(taken);
		assert_true(m.used_bytes + m.idle_bytes <= m.max_bytes);
		copy_memory_give(&m, taken, len);
	}
	assert_int_equal(m.idle_bytes, 32 * MIB);
	/* More than there may be, where nobody has any. */
	copy_memory_give(&m, copy_memory_take(&m, 64 * MIB), 64 * MIB);
	copy_memory_release(&m);
}

/* ---- several threads ---- */

static struct copy_memory shared;
static _Atomic uint64_t in_use, most;
static _Atomic unsigned int rounds;

static void add_use(uint64_t len)
{
	uint64_t now = atomic_fetch_add(&in_use, len) + len, seen = most;

	while (now > seen && !atomic_compare_exchange_weak(&most, &seen, now))
		;
}

static void *take_and_give(void *cookie)
{
	struct random_source r = { .state = *(const uint64_t *)cookie };

	for (int i = 0; i < 200; i++) {
		size_t len = (size_t)4096 << random_range(&r, 0, 11); /* up to 8 MiB */
		char *memory = copy_memory_take(&shared, len);

		assert_non_null(memory);
		add_use(len);
		memory[0] = memory[len - 1] = 1;
		sched_yield();
		atomic_fetch_sub(&in_use, len);
		copy_memory_give(&shared, memory, len);
		rounds++;
	}
	return NULL;
}

static void nobody_goes_empty_and_never_is_there_more(void **state)
{
	pthread_t threads[THREADS];
	uint64_t seeds[THREADS];

	(void)state;
	copy_memory_init(&shared, 32 * MIB);
	for (unsigned int i = 0; i < THREADS; i++) {
		seeds[i] = i + 1;
		assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, &seeds[i]), 0);
	}
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(rounds, 200 * THREADS);
	assert_true(most <= 32 * MIB);
	assert_true(most > 8 * MIB);
	assert_int_equal(shared.used_bytes, 0);
	copy_memory_release(&shared);
}

/* ---- the order of coming ---- */

static struct copy_memory ordered;

struct waiter {
	size_t len_bytes;
	uint64_t served; /* how many were, with this one */
	pthread_t thread;
};

static void *wait_for_it(void *cookie)
{
	struct waiter *w = cookie;
	void *memory = copy_memory_take(&ordered, w->len_bytes);

	assert_non_null(memory);
	pthread_mutex_lock(&ordered.lock);
	w->served = ordered.served;
	pthread_mutex_unlock(&ordered.lock);
	copy_memory_give(&ordered, memory, w->len_bytes);
	return NULL;
}

/* Returns once it waits, or has been served: how many were. */
static uint64_t come(struct waiter *w)
{
	uint64_t before, now, served;

	pthread_mutex_lock(&ordered.lock);
	before = ordered.tickets;
	pthread_mutex_unlock(&ordered.lock);
	assert_int_equal(pthread_create(&w->thread, NULL, wait_for_it, w), 0);
	do {
		sched_yield();
		pthread_mutex_lock(&ordered.lock);
		now = ordered.tickets;
		served = ordered.served;
		pthread_mutex_unlock(&ordered.lock);
	} while (now == before);
	return served;
}

/* Otherwise those that want little would always be faster. */
static void nobody_who_comes_later_gets_it_earlier(void **state)
{
	struct waiter much = { .len_bytes = 32 * MIB }, little = { .len_bytes = 4096 };
	void *first;

	(void)state;
	copy_memory_init(&ordered, 32 * MIB);
	first = copy_memory_take(&ordered, 4096);
	assert_int_equal(come(&much), 1);
	/* It would find room. */
	assert_int_equal(come(&little), 1);
	copy_memory_give(&ordered, first, 4096);
	pthread_join(much.thread, NULL);
	pthread_join(little.thread, NULL);
	assert_int_equal(much.served, 2);
	assert_int_equal(little.served, 3);
	copy_memory_release(&ordered);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_default_is_between_one_file_and_the_most),
		cmocka_unit_test(files_share_what_there_is),
		cmocka_unit_test(what_is_given_back_is_used_again),
		cmocka_unit_test(large_pieces_are_in_huge_pages),
		cmocka_unit_test(what_is_idle_makes_room_for_other_lengths),
		cmocka_unit_test(nobody_goes_empty_and_never_is_there_more),
		cmocka_unit_test(nobody_who_comes_later_gets_it_earlier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
