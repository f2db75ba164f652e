/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A held request has one owner: the thread that is keeping it, until it is settled; then the
 * volume, until one of these takes it out:
 *
 *   wake       the lock went: does the operation again
 *   interrupt  the caller gave up: answers EINTR
 *
 * park_remove() decides between the two. libfuse calls `interrupt` under the request's own lock and
 * never after fuse_req_interrupt_func(req, NULL, NULL) has come back, so that what it points to is
 * there. Either may come before the request is settled: then it leaves word, and settle() acts on
 * it.
 */
#include "lovfsd/held.h"

#include "base/error.h"
#include "inode/park.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct held_request {
	struct parked parked;
	struct held_list *list;
	struct session *session;
	fuse_req_t req;
	struct held_op op;
	struct held_request *prev, *next; /* guarded by list->lock */
	bool settled;                     /* guarded by list->lock: whoever wakes it owns it */
	bool woken, interrupted;          /* guarded by list->lock */
	char data[];
};

void held_list_init(struct held_list *list)
{
	pthread_mutex_init(&list->lock, NULL);
	list->first = NULL;
}

static void link_into(struct held_list *list, struct held_request *held)
{
	pthread_mutex_lock(&list->lock);
	held->next = list->first;
	if (held->next)
		held->next->prev = held;
	list->first = held;
	pthread_mutex_unlock(&list->lock);
}

static void unlink_and_free(struct held_request *held)
{
	struct held_list *list = held->list;

	pthread_mutex_lock(&list->lock);
	if (held->prev)
		held->prev->next = held->next;
	else
		list->first = held->next;
	if (held->next)
		held->next->prev = held->prev;
	pthread_mutex_unlock(&list->lock);
	free(held);
}

/* Answers EINTR for a request that nobody else will wake. */
static void give_up(struct held_request *held)
{
	fuse_req_t req = held->req;

	unlink_and_free(held);
	fuse_reply_err(req, EINTR);
}

void held_list_release(struct held_list *list)
{
	while (list->first) {
		struct held_request *held = list->first;
		bool waiting = park_remove(held->op.inode, &held->parked);

		assert(waiting); /* no thread is left that could be waking it */
		(void)waiting;
		fuse_req_interrupt_func(held->req, NULL, NULL);
		give_up(held);
	}
	pthread_mutex_destroy(&list->lock);
}

static void interrupt(fuse_req_t req UNUSED, void *data)
{
	struct held_request *held = data;
	bool settled;

	pthread_mutex_lock(&held->list->lock);
	settled = held->settled;
	held->interrupted = true;
	pthread_mutex_unlock(&held->list->lock);
	if (settled && park_remove(held->op.inode, &held->parked))
		give_up(held);
}

/* Does the operation of a request that is ours alone. False: it is still to be held. */
static bool attempt_again(struct held_request *held)
{
	fuse_req_interrupt_func(held->req, NULL, NULL);
	if (held->interrupted) {
		give_up(held);
		return true;
	}
	error_clear();
	if (held->op.attempt(held->session, held->req, &held->op) == PARK_REQUEST)
		return false;
	unlink_and_free(held);
	return true;
}

/*
 * Says that the request is parked and no longer ours. False where it is ours still: it was woken
 * meanwhile, or its caller has given up. Under the lock, so that a wake() that is on its way can't
 * free what is looked at here.
 */
static bool settle(struct held_request *held)
{
	struct held_list *list = held->list;
	bool ours;

	pthread_mutex_lock(&list->lock);
	ours = held->woken || (held->interrupted && park_remove(held->op.inode, &held->parked));
	held->settled = !ours;
	pthread_mutex_unlock(&list->lock);
	return !ours;
}

/* Parks the request, or gets it done where there is no lock in its way any more. */
static void keep(struct held_request *held)
{
	do {
		pthread_mutex_lock(&held->list->lock);
		held->settled = false;
		held->woken = false;
		pthread_mutex_unlock(&held->list->lock);
		fuse_req_interrupt_func(held->req, interrupt, held);
		if (park_add(held->op.inode, &held->parked) && settle(held))
			return;
	} while (!attempt_again(held));
}

static void wake(struct parked *p)
{
	struct held_request *held =
		(struct held_request *)((char *)p - offsetof(struct held_request, parked));
	bool settled;

	pthread_mutex_lock(&held->list->lock);
	settled = held->settled;
	held->woken = true;
	pthread_mutex_unlock(&held->list->lock);
	if (settled && !attempt_again(held))
		keep(held);
}

void held_run(struct held_list *list, struct session *s, fuse_req_t req, const struct held_op *op)
{
	struct held_request *held;
	size_t data_bytes = op->data ? op->len_bytes : 0;

	if (op->attempt(s, req, op) != PARK_REQUEST)
		return;
	held = calloc(1, sizeof(*held) + data_bytes);
	if (!held) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	held->parked.wake = wake;
	held->list = list;
	held->session = s;
	held->req = req;
	held->op = *op;
	held->op.was_held = true;
	if (op->data)
		held->op.data = memcpy(held->data, op->data, data_bytes);
	link_into(list, held);
	keep(held);
}
