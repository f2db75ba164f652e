/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/transfer.h"

#include "base/checked.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"
#include "io/io.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CALL_MAX_BYTES GIB        /* glibc 2.41 mishandles lengths over 2 GiB */
#define PIECE_BYTES (64 * MIB)    /* what a thread takes at a time, once there are several */
#define TICK_NS (100 * NS_PER_MS) /* between two calls of progress() */

struct transfer {
	const struct transfer_request *req;
	struct io_ladder ladder; /* for by_hand */
	atomic_bool by_hand;     /* no copy_file_range here: read and write */
	_Atomic uint64_t done_bytes, user_bytes;

	pthread_mutex_t lock;
	pthread_cond_t wake;  /* the threads: spread or finished */
	pthread_cond_t ended; /* the caller: no thread is left */
	/* guarded by lock: */
	unsigned int range; /* the next piece is of this one */
	uint64_t next;      /* and begins there */
	bool spread;        /* a call came back short: real copying, let all threads take part */
	bool finished;      /* nothing is left to take, or err */
	unsigned int alive;
	int err; /* the first */
	char text[ERROR_TEXT_MAX];
};

struct piece {
	uint64_t start, end;
	uint32_t targets;
	uint64_t offset; /* for one target after the other: how far it is copied */
};

/* ---- the shared work ---- */

static void finish_locked(struct transfer *t, int err)
{
	if (err && !t->err) {
		t->err = err;
		snprintf(t->text, sizeof(t->text), "%s", error_text(err));
	}
	t->finished = true;
	pthread_cond_broadcast(&t->wake);
}

static void finish(struct transfer *t, int err)
{
	pthread_mutex_lock(&t->lock);
	finish_locked(t, err);
	pthread_mutex_unlock(&t->lock);
}

static bool stopped(const struct transfer *t)
{
	return t->req->stop && atomic_load(t->req->stop);
}

static bool more_locked(struct transfer *t)
{
	const struct transfer_request *req = t->req;

	while (t->range < req->range_count && t->next >= req->ranges[t->range].end) {
		t->range++;
		t->next = t->range < req->range_count ? req->ranges[t->range].start : 0;
	}
	return t->range < req->range_count;
}

/* What several targets need is still in memory when the second one gets it. */
static uint64_t piece_max(const struct transfer *t, uint32_t targets)
{
	bool several = targets & (targets - 1);

	return t->spread || several ? PIECE_BYTES : CALL_MAX_BYTES;
}

/* False: there is nothing left to do. */
static bool take_piece(struct transfer *t, struct piece *ret)
{
	bool got = false;

	pthread_mutex_lock(&t->lock);
	if (!t->finished && !more_locked(t))
		finish_locked(t, 0);
	if (!t->finished) {
		const struct transfer_range *r = &t->req->ranges[t->range];

		*ret = (struct piece){ .start = t->next, .targets = r->targets };
		ret->end = MIN_OF(r->end, add_sat_u64(t->next, piece_max(t, r->targets)));
		t->next = ret->end;
		got = true;
	}
	pthread_mutex_unlock(&t->lock);
	return got;
}

/* The first thread's call came back short: what is left of its piece, but for a small one, is for
 * all. */
static void spread_rest(struct transfer *t, struct piece *p)
{
	pthread_mutex_lock(&t->lock);
	if (!t->spread) {
		t->spread = true;
		if (p->end - p->offset > PIECE_BYTES)
			t->next = p->end = p->offset + PIECE_BYTES;
		pthread_cond_broadcast(&t->wake);
	}
	pthread_mutex_unlock(&t->lock);
}

/* ---- moving bytes ---- */

/*
 * copy_file_range gave 0: either the source ends here now, or the call is broken, or the kernel went
 * by a size of long ago, which asking for the attributes mends.
 */
static int look_at_source(const struct transfer *t, uint64_t offset, bool *ret_ended)
{
	struct stat st;
	char byte;
	ssize_t n = sys_pread(t->req->src_fd, &byte, 1, offset);
	int err = sys_fstat(t->req->src_fd, &st);

	if (n < 0)
		return fail_sys((int)n, "cannot read at offset %" PRIu64, offset);
	if (err)
		return fail_sys(err, "cannot read its attributes");
	if (n == 0 && !t->req->may_shrink)
		return fail(-EAGAIN, "became shorter during the copy");
	*ret_ended = n == 0;
	return 0;
}

static int explain(int err, uint64_t offset)
{
	if (err == -ENOTCONN || err == -ECONNABORTED)
		return fail(err,
			    "cannot copy at offset %" PRIu64 ": the daemon of the volume is gone",
			    offset);
	return fail_sys(err, "cannot copy at offset %" PRIu64, offset);
}

static int copy_by_hand(struct transfer *t, const struct piece *p, int fd, uint64_t len,
			uint64_t *ret_bytes)
{
	struct io_request r = {
		.src = { .fd = t->req->src_fd },
		.dst = { .fd = fd },
		.src_offset = p->offset,
		.dst_offset = p->offset,
		.len_bytes = len,
		.no_share = true,
		.fresh = t->req->fresh,
		.stop = t->req->stop,
	};
	struct io_moved moved = { 0 };
	uint64_t done = 0;
	int err = io_copy(&t->ladder, &r, &moved, &done);

	if (err)
		return err;
	atomic_fetch_add(&t->user_bytes, moved.bytes[IO_RW]);
	*ret_bytes = len;
	return 0;
}

/* A copy of nothing: *ret_bytes is the rest of the piece where the source has ended. */
static int copied_nothing(struct transfer *t, const struct piece *p, int fd, size_t len,
			  uint64_t *ret_bytes)
{
	bool ended = false;
	int err = look_at_source(t, p->offset, &ended);
	ssize_t n;

	if (err)
		return err;
	if (ended) {
		*ret_bytes = p->end - p->offset;
		return 0;
	}
	n = sys_copy_file_range(t->req->src_fd, p->offset, fd, p->offset, len);
	if (n < 0 && n != -EINTR)
		return explain((int)n, p->offset);
	if (n == 0)
		return fail(-EIO,
			    "copy_file_range copies nothing at offset %" PRIu64
			    ", but there is data",
			    p->offset);
	*ret_bytes = n > 0 ? (uint64_t)n : 0;
	return 0;
}

/* Copies from the front of what is left of the piece, as much as one call does. */
static int copy_some(struct transfer *t, const struct piece *p, int fd, uint64_t len,
		     uint64_t *ret_bytes)
{
	ssize_t n;

	if (atomic_load(&t->by_hand))
		return copy_by_hand(t, p, fd, MIN_OF(len, 4 * MIB), ret_bytes);
	n = sys_copy_file_range(t->req->src_fd, p->offset, fd, p->offset, (size_t)len);
	if (n > 0) {
		*ret_bytes = (uint64_t)n;
		return 0;
	}
	if (n == 0)
		return copied_nothing(t, p, fd, (size_t)len, ret_bytes);
	if (n == -EINTR)
		return 0;
	if (n == -ENOSYS || n == -EOPNOTSUPP) {
		atomic_store(&t->by_hand, true);
		return 0;
	}
	return explain((int)n, p->offset);
}

static int copy_within_limit(struct transfer *t, const struct piece *p, int fd, uint64_t want,
			     uint64_t *ret_got)
{
	int err;

	bandwidth_take(t->req->limit, want, t->req->stop);
	if (stopped(t))
		return fail(-ECANCELED, "interrupted");
	err = copy_some(t, p, fd, want, ret_got);
	if (*ret_got < want)
		bandwidth_give_back(t->req->limit, want - *ret_got);
	return err;
}

static int copy_to(struct transfer *t, struct piece *p, int fd)
{
	for (p->offset = p->start; p->offset < p->end;) {
		uint64_t want = MIN_OF(p->end - p->offset, bandwidth_portion(t->req->limit));
		uint64_t got = 0;
		int err = 0;

		if (stopped(t))
			return fail(-ECANCELED, "interrupted");
		if (t->req->may_go_on)
			err = t->req->may_go_on(t->req->cookie);
		if (!err)
			err = copy_within_limit(t, p, fd, want, &got);
		if (err)
			return err;
		p->offset += got;
		atomic_fetch_add(&t->done_bytes, got);
		if (got < want)
			spread_rest(t, p);
	}
	return 0;
}

static int copy_piece(struct transfer *t, struct piece *p)
{
	int err = 0;

	for (unsigned int i = 0; i < t->req->target_count && !err; i++) {
		if (p->targets & UINT32_C(1) << i)
			err = copy_to(t, p, t->req->target_fds[i]);
	}
	return err;
}

/* ---- threads ---- */

static void *work(void *cookie)
{
	struct transfer *t = cookie;
	struct piece p;

	while (take_piece(t, &p)) {
		int err = copy_piece(t, &p);

		if (err)
			finish(t, err);
	}
	pthread_mutex_lock(&t->lock);
	if (--t->alive == 0)
		pthread_cond_signal(&t->ended);
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

/* All but the first thread begin when the work is spread. */
static void *work_when_spread(void *cookie)
{
	struct transfer *t = cookie;

	pthread_mutex_lock(&t->lock);
	while (!t->spread && !t->finished)
		pthread_cond_wait(&t->wake, &t->lock);
	pthread_mutex_unlock(&t->lock);
	return work(t);
}

static uint64_t total_bytes(const struct transfer_request *req)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < req->range_count; i++)
		sum += req->ranges[i].end - req->ranges[i].start;
	return sum;
}

/* Starts as many threads as can be started; one is enough. */
static int start(struct transfer *t, pthread_t *threads, unsigned int *ret_count)
{
	unsigned int wanted = total_bytes(t->req) > PIECE_BYTES ? t->req->threads : 1;
	unsigned int n = 0;
	int err = 0;

	while (n < wanted) {
		pthread_mutex_lock(&t->lock);
		t->alive++;
		pthread_mutex_unlock(&t->lock);
		err = pthread_create(&threads[n], NULL, n ? work_when_spread : work, t);
		if (err) {
			pthread_mutex_lock(&t->lock);
			t->alive--;
			pthread_mutex_unlock(&t->lock);
			break;
		}
		n++;
	}
	*ret_count = n;
	return n ? 0 : fail_sys(-err, "cannot start a thread");
}

static void report(struct transfer *t)
{
	if (t->req->progress)
		t->req->progress(atomic_load(&t->done_bytes), t->req->cookie);
}

static void watch(struct transfer *t)
{
	pthread_mutex_lock(&t->lock);
	while (t->alive) {
		uint64_t due = clock_now_ns() + TICK_NS;
		struct timespec until = { .tv_sec = (time_t)(due / NS_PER_S),
					  .tv_nsec = (long)(due % NS_PER_S) };

		if (pthread_cond_timedwait(&t->ended, &t->lock, &until) == ETIMEDOUT) {
			pthread_mutex_unlock(&t->lock);
			report(t);
			pthread_mutex_lock(&t->lock);
		}
	}
	pthread_mutex_unlock(&t->lock);
}

static void transfer_init(struct transfer *t, const struct transfer_request *req)
{
	pthread_condattr_t monotonic;

	memset(t, 0, sizeof(*t));
	t->req = req;
	t->next = req->range_count ? req->ranges[0].start : 0;
	io_ladder_init(&t->ladder, 0);
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->wake, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&t->ended, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

static void transfer_release(struct transfer *t)
{
	pthread_cond_destroy(&t->ended);
	pthread_cond_destroy(&t->wake);
	pthread_mutex_destroy(&t->lock);
	io_ladder_release(&t->ladder);
}

int transfer_run(const struct transfer_request *req, uint64_t *ret_user_bytes)
{
	pthread_t threads[TRANSFER_THREADS_MAX];
	unsigned int count = 0;
	struct transfer t;
	int err;

	transfer_init(&t, req);
	err = start(&t, threads, &count);
	if (!err) {
		watch(&t);
		for (unsigned int i = 0; i < count; i++)
			pthread_join(threads[i], NULL);
		report(&t);
		*ret_user_bytes = atomic_load(&t.user_bytes);
		err = t.err ? fail(t.err, "%s", t.text) : 0;
	}
	transfer_release(&t);
	return err;
}
