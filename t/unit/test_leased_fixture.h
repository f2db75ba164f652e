/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The file system of test_mover_fixture.h as one that can't follow files: streams of direct I/O,
 * leases, and one descriptor that is bound to one mirror after the other, by dup3(2). What is
 * merged or said to be in sync is compared with the file at that very moment. A test may change
 * things at each call (fake.at_call), in the thread that calls.
 */
#ifndef LOVFS_UNIT_TEST_LEASED_FIXTURE_H
#define LOVFS_UNIT_TEST_LEASED_FIXTURE_H

#include "test_mover_fixture.h"

#include <pthread.h>

#define LEASED_MIRRORS 4  /* of the file, 1 to 4 */
#define COMPONENTS 2      /* of each: up to 1 MiB, and what follows */
#define COMPONENT_END MIB /* of the first one */

/* Of the file, or of the other one that becomes a mirror. */
struct fake_lease {
	bool held, lost;
	bool busy; /* is not to be had: somebody writes */
	unsigned int gets, puts;
};

struct leased_state {
	pthread_mutex_t lock; /* of fake_note() and what it calls */
	struct fake_lease file, other;
	ino_t other_ino; /* 0: there is none */
	uint64_t other_version;
	bool resyncing;
	_Atomic uint32_t bound; /* which mirror; 0: the file */
	unsigned int merges, dones;
	uint32_t done[LEASED_MIRRORS * COMPONENTS]; /* component ids */
	unsigned int done_count;
};

extern struct leased_state leased;

/* ---- the writers ---- */

void leased_lose(void);

void leased_write(uint64_t offset, uint64_t len, int byte);

/* For sys_set_hook(): as it is with a lease that is lost. */
int leased_refuse_writes(const char *call, size_t len_bytes, void *cookie);

/* ---- resync ---- */

unsigned int count_stale(void);

/* ---- setting up ---- */

uint32_t leased_id(uint32_t mirror, uint32_t number);

/* flags[mirror - 1][component] */
void set_mirrors(const uint32_t flags[LEASED_MIRRORS][COMPONENTS]);

void set_plain(void);

/* All mirrors empty and in sync. By direct I/O where the machine's file system can. */
int leased_reset(void **state);

#endif
