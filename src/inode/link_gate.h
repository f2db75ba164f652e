/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keeps apart those who change names and those whose intent is one more link of a file meanwhile
 * (mdt/swap_intent.h): how many links a file has tells the former whether a name is its last. Each
 * kind goes on beside its own: commits on different files don't wait for each other's fsyncs. Nobody
 * overtakes who came before him, so neither kind starves the other. Not recursive. Any thread.
 */
#ifndef LOVFS_INODE_LINK_GATE_H
#define LOVFS_INODE_LINK_GATE_H

#include <pthread.h>
#include <stdint.h>

enum link_gate_kind {
	LINK_GATE_NAMES,   /* a name is added or removed */
	LINK_GATE_COMMITS, /* an intent exists */
	LINK_GATE_ALONE,   /* nobody else, of either kind */
	LINK_GATE_KINDS,
};

struct link_gate {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* guarded by lock: */
	uint64_t last_ticket, turn; /* given out; whose turn it is to come in */
	unsigned int inside[LINK_GATE_KINDS];
};

void link_gate_init(struct link_gate *g);
void link_gate_release(struct link_gate *g);

void link_gate_enter(struct link_gate *g, enum link_gate_kind kind);
void link_gate_leave(struct link_gate *g, enum link_gate_kind kind);

#endif
