/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inode/link_gate.h"

#include <stdbool.h>

void link_gate_init(struct link_gate *g)
{
	*g = (struct link_gate){ 0 };
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->changed, NULL);
}

void link_gate_release(struct link_gate *g)
{
	pthread_cond_destroy(&g->changed);
	pthread_mutex_destroy(&g->lock);
}

static bool may_enter_locked(const struct link_gate *g, enum link_gate_kind kind)
{
	for (int k = 0; k < LINK_GATE_KINDS; k++) {
		if (g->inside[k] && (k != (int)kind || kind == LINK_GATE_ALONE))
			return false;
	}
	return true;
}

void link_gate_enter(struct link_gate *g, enum link_gate_kind kind)
{
	uint64_t ticket;

	pthread_mutex_lock(&g->lock);
	ticket = g->last_ticket++;
	while (g->turn != ticket || !may_enter_locked(g, kind))
		pthread_cond_wait(&g->changed, &g->lock);
	g->turn++;
	g->inside[kind]++;
	pthread_cond_broadcast(&g->changed);
	pthread_mutex_unlock(&g->lock);
}

void link_gate_leave(struct link_gate *g, enum link_gate_kind kind)
{
	pthread_mutex_lock(&g->lock);
	g->inside[kind]--;
	pthread_cond_broadcast(&g->changed);
	pthread_mutex_unlock(&g->lock);
}
