/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One descriptor that is bound to one mirror at a time, and several threads that write through it: those that
 * want the mirror that it is bound to go on together, the others wait until nobody is inside.
 */
#ifndef LOVFS_MOVER_BIND_GATE_H
#define LOVFS_MOVER_BIND_GATE_H

#include "base/attr.h"

#include <pthread.h>

struct bind_gate {
	int (*bind)(unsigned int target, void *cookie); /* NULL: nothing has to be bound */
	void *cookie;
	pthread_mutex_t lock;
	pthread_cond_t free;
	/* guarded by lock: */
	unsigned int target;
	unsigned int writers;
};

void bind_gate_init(struct bind_gate *g, int (*bind)(unsigned int target, void *cookie),
		    void *cookie);
void bind_gate_release(struct bind_gate *g);

/* Waits until the descriptor can be bound to the target, and binds it. What bind() failed with: then the
 * caller isn't inside. Who wants all targets in turn, in one order for all threads, gets through. */
int MUST_CHECK bind_gate_enter(struct bind_gate *g, unsigned int target);
void bind_gate_leave(struct bind_gate *g);

#endif
