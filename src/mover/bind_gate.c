/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/bind_gate.h"

#include <limits.h>

#define NOT_BOUND UINT_MAX

void bind_gate_init(struct bind_gate *g, int (*bind)(unsigned int target, void *cookie),
		    void *cookie)
{
	*g = (struct bind_gate){ .bind = bind, .cookie = cookie, .target = NOT_BOUND };
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->free, NULL);
}

void bind_gate_release(struct bind_gate *g)
{
	pthread_cond_destroy(&g->free);
	pthread_mutex_destroy(&g->lock);
}

int bind_gate_enter(struct bind_gate *g, unsigned int target)
{
	int err = 0;

	if (!g->bind)
		return 0;
	pthread_mutex_lock(&g->lock);
	while (g->target != target && g->writers)
		pthread_cond_wait(&g->free, &g->lock);
	if (g->target != target) {
		g->target = NOT_BOUND;
		err = g->bind(target, g->cookie);
		if (!err)
			g->target = target;
	}
	if (!err)
		g->writers++;
	pthread_mutex_unlock(&g->lock);
	return err;
}

void bind_gate_leave(struct bind_gate *g)
{
	if (!g->bind)
		return;
	pthread_mutex_lock(&g->lock);
	if (--g->writers == 0)
		pthread_cond_broadcast(&g->free);
	pthread_mutex_unlock(&g->lock);
}
