/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two kinds that exclude each other, and neither its own kind nor who comes first. */
#include "unit.h"

#include "inode/link_gate.h"

#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#define THREADS 8
#define ROUNDS 2000

static struct link_gate gate;
static atomic_uint inside[LINK_GATE_KINDS], together[LINK_GATE_KINDS], wrong;

static void look(enum link_gate_kind kind)
{
	unsigned int own = atomic_fetch_add(&inside[kind], 1) + 1;

	if (own > 1)
		atomic_fetch_add(&together[kind], 1);
	sched_yield();
	for (unsigned int k = 0; k < LINK_GATE_KINDS; k++) {
		if (k != kind && atomic_load(&inside[k]))
			atomic_fetch_add(&wrong, 1);
	}
	atomic_fetch_sub(&inside[kind], 1);
}

static void *come_and_go(void *arg)
{
	enum link_gate_kind kind = (enum link_gate_kind)(uintptr_t)arg;

	for (int i = 0; i < ROUNDS; i++) {
		link_gate_enter(&gate, kind);
		look(kind);
		link_gate_leave(&gate, kind);
	}
	return NULL;
}

static void kinds_exclude_each_other(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	link_gate_init(&gate);
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, come_and_go,
						(void *)(uintptr_t)(i % LINK_GATE_KINDS)),
				 0);
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&wrong), 0);
	assert_int_equal(atomic_load(&together[LINK_GATE_ALONE]), 0);
	link_gate_release(&gate);
}

static void *enter(void *arg)
{
	enum link_gate_kind kind = (enum link_gate_kind)(uintptr_t)arg;

	link_gate_enter(&gate, kind);
	atomic_fetch_add(&inside[kind], 1);
	return NULL;
}

static uint64_t nr_come(void)
{
	uint64_t nr;

	pthread_mutex_lock(&gate.lock);
	nr = gate.last_ticket;
	pthread_mutex_unlock(&gate.lock);
	return nr;
}

/*
 * It has come to the gate when this returns, however busy the machine is, and had time to come in.
 */
static pthread_t start(enum link_gate_kind kind)
{
	uint64_t before = nr_come();
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, enter, (void *)(uintptr_t)kind), 0);
	while (nr_come() == before)
		usleep(1000);
	usleep(50000);
	return thread;
}

static void one_kind_shares_and_nobody_is_overtaken(void **state)
{
	pthread_t waiting[3];

	(void)state;
	memset(inside, 0, sizeof(inside));
	link_gate_init(&gate);
	link_gate_enter(&gate, LINK_GATE_COMMITS);
	pthread_join(start(LINK_GATE_COMMITS), NULL);
	assert_int_equal(atomic_load(&inside[LINK_GATE_COMMITS]), 1);

	waiting[0] = start(LINK_GATE_NAMES);
	/* It could come in beside the first two, but not before who waits. */
	waiting[1] = start(LINK_GATE_COMMITS);
	waiting[2] = start(LINK_GATE_NAMES);
	assert_int_equal(atomic_load(&inside[LINK_GATE_NAMES]), 0);
	assert_int_equal(atomic_load(&inside[LINK_GATE_COMMITS]), 1);

	link_gate_leave(&gate, LINK_GATE_COMMITS);
	link_gate_leave(&gate, LINK_GATE_COMMITS);
	pthread_join(waiting[0], NULL);
	usleep(50000);
	assert_int_equal(atomic_load(&inside[LINK_GATE_COMMITS]), 1);
	link_gate_leave(&gate, LINK_GATE_NAMES);
	pthread_join(waiting[1], NULL);
	assert_int_equal(atomic_load(&inside[LINK_GATE_NAMES]), 1);
	link_gate_leave(&gate, LINK_GATE_COMMITS);
	pthread_join(waiting[2], NULL);
	link_gate_leave(&gate, LINK_GATE_NAMES);
	link_gate_release(&gate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_exclude_each_other),
		cmocka_unit_test(one_kind_shares_and_nobody_is_overtaken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
