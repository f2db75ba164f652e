/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Each slot of the ring goes through IDLE, READING, WRITING and back to IDLE with one part of the range.
 * A part that can't be brought to its end (an error, a stop) stays behind as LOST: what is done is a front
 * part that ends where the first lost one begins. No way leads out of pipeline_run() while an operation is
 * under way, since the kernel has our buffers and the caller's files.
 */
#include "io/pipeline.h"

#include "base/error.h"
#include "base/sys.h"
#include "io/behind.h"

#include <errno.h>
#include <inttypes.h>

/* An operation that was interrupted is tried again, but not for ever. */
#define AGAIN_MAX 100

enum slot_state { SLOT_IDLE, SLOT_READING, SLOT_WRITING, SLOT_LOST };

struct slot {
	enum slot_state state;
	uint64_t at;    /* where its part begins in the range */
	uint32_t len;   /* of the part */
	uint32_t moved; /* read, then written */
	unsigned int again;
};

struct run {
	const struct pipeline *p;
	struct slot slots[URING_SLOTS_MAX];
	unsigned int busy;
	uint64_t next; /* nothing from here on has been begun */
	uint64_t end;  /* nothing from here on is to be begun: `to`, or where the source ended */
	uint64_t written;
	int outcome; /* RUNG_DONE until something ends the run */
	/* of a real error: */
	const char *doing;
	uint64_t where;
};

static uint64_t src_offset(const struct run *r, const struct slot *s)
{
	return r->p->range->src_offset + s->at + s->moved;
}

static uint64_t dst_offset(const struct run *r, const struct slot *s)
{
	return r->p->range->dst_offset + s->at + s->moved;
}

static unsigned int index_of(const struct run *r, const struct slot *s)
{
	return (unsigned int)(s - r->slots);
}

static void issue(struct run *r, struct slot *s)
{
	unsigned int i = index_of(r, s);

	if (s->state == SLOT_READING)
		uring_read(r->p->ring, i, s->moved, s->len - s->moved, src_offset(r, s));
	else
		uring_write(r->p->ring, i, s->moved, s->len - s->moved, dst_offset(r, s));
	r->busy++;
}

static void lose(struct slot *s)
{
	s->state = SLOT_LOST;
}

/* What an operation's failure means. */
static int judge(int err)
{
	/* Time after time there is no room for it: others don't need that. */
	return err == -EAGAIN ? RUNG_LEFT : io_ladder_judge(IO_URING, err);
}

/* The first one ends the run; what is under way is waited for. */
static void lose_by(struct run *r, struct slot *s, int outcome)
{
	if (r->outcome == RUNG_DONE) {
		r->outcome = outcome;
		r->doing = s->state == SLOT_READING ? "reading" : "writing";
		r->where = s->state == SLOT_READING ? src_offset(r, s) : dst_offset(r, s);
	}
	lose(s);
}

static bool ended(const struct run *r)
{
	return r->outcome != RUNG_DONE || rung_stopped(r->p->range);
}

/* ---- a part ---- */

static void begin_part(struct run *r, struct slot *s)
{
	uint64_t len = MIN_OF(r->p->slot_bytes, r->end - r->next);

	len = MIN_OF(len, rung_portion(r->p->range));
	rung_take(r->p->range, len);
	*s = (struct slot){ .state = SLOT_READING, .at = r->next, .len = (uint32_t)len };
	r->next += len;
	issue(r, s);
}

static void finish_part(struct run *r, struct slot *s)
{
	const struct rung_range *range = r->p->range;
	uint64_t start = range->src_offset + s->at, dst = range->dst_offset + s->at;
	int err = 0;

	if (!r->p->dst_direct)
		err = behind_written(range->dst_fd, dst, dst + s->len, range->drop);
	if (!r->p->src_direct && range->drop && !range->keep_source)
		behind_read(range->src_fd, start, start + s->len);
	if (err) { /* of writing out: no other rung would meet it again */
		lose_by(r, s, err);
		return;
	}
	rung_progress(range, s->len);
	r->written += s->len;
	s->state = SLOT_IDLE;
}

/* What is left of a part can't be written with direct I/O. */
static void write_rest(struct run *r, struct slot *s)
{
	unsigned char *rest = uring_buffer(r->p->ring, index_of(r, s)) + s->moved;
	int err = sys_pwrite_full(r->p->range->dst_fd, rest, s->len - s->moved, dst_offset(r, s));

	if (err)
		lose_by(r, s, judge(err));
	else
		finish_part(r, s);
}

static bool dst_aligned(const struct run *r, const struct slot *s)
{
	return !r->p->dst_direct || (s->len - s->moved) % r->p->align_bytes == 0;
}

static void begin_write(struct run *r, struct slot *s)
{
	int err;

	s->len = s->moved;
	s->moved = 0;
	s->again = 0;
	s->state = SLOT_WRITING;
	err = rung_sum(r->p->range, dst_offset(r, s), uring_buffer(r->p->ring, index_of(r, s)),
		       s->len);
	if (err)
		lose_by(r, s, err);
	else if (dst_aligned(r, s))
		issue(r, s);
	else
		write_rest(r, s);
}

/* ---- what came of an operation ---- */

/* Whether the operation is under way again. */
static bool again(struct run *r, struct slot *s, int result)
{
	if ((result != -EINTR && result != -EAGAIN) || s->again++ >= AGAIN_MAX)
		return false;
	issue(r, s);
	return true;
}

/* A direct read that stops in the middle of a block has met the end of the file. */
static bool is_end(const struct run *r, int result)
{
	return result == 0 || (r->p->src_direct && (uint32_t)result % r->p->align_bytes != 0);
}

static void read_done(struct run *r, struct slot *s, int result)
{
	if (result < 0) {
		if (!again(r, s, result))
			lose_by(r, s, judge(result));
		return;
	}
	s->moved += (uint32_t)result;
	if (s->moved < s->len && is_end(r, result))
		r->end = MIN_OF(r->end, s->at + s->moved);
	else if (s->moved < s->len && !ended(r)) {
		issue(r, s);
		return;
	}
	if (s->at >= r->end) /* behind the end of the source */
		s->state = SLOT_IDLE;
	else if (ended(r))
		lose(s);
	else
		begin_write(r, s);
}

static void write_done(struct run *r, struct slot *s, int result)
{
	if (result <= 0) {
		if (result == 0)
			result = -EIO; /* nothing was written, and no reason given */
		if (!again(r, s, result))
			lose_by(r, s, judge(result));
		return;
	}
	s->moved += (uint32_t)result;
	s->again = 0;
	if (s->moved == s->len)
		finish_part(r, s);
	else if (dst_aligned(r, s))
		issue(r, s);
	else
		write_rest(r, s);
}

/* ---- all of it ---- */

static void fill(struct run *r)
{
	for (unsigned int i = 0; i < r->p->slots; i++) {
		if (r->slots[i].state == SLOT_IDLE && r->next < r->end && !ended(r))
			begin_part(r, &r->slots[i]);
	}
}

static void reap(struct run *r)
{
	struct uring_done done[URING_SLOTS_MAX];
	unsigned int n = uring_wait(r->p->ring, done);

	r->busy -= n;
	for (unsigned int i = 0; i < n; i++) {
		struct slot *s = &r->slots[done[i].slot];

		if (s->state == SLOT_READING)
			read_done(r, s, done[i].result);
		else
			write_done(r, s, done[i].result);
	}
}

static uint64_t front(const struct run *r)
{
	uint64_t done = MIN_OF(r->next, r->end);

	for (unsigned int i = 0; i < r->p->slots; i++) {
		if (r->slots[i].state == SLOT_LOST)
			done = MIN_OF(done, r->slots[i].at);
	}
	return done;
}

static int explain(const struct run *r)
{
	if (r->outcome < 0)
		return fail_sys(r->outcome, "%s at offset %" PRIu64, r->doing, r->where);
	return r->outcome == RUNG_DONE && rung_stopped(r->p->range) ? -ECANCELED : r->outcome;
}

int pipeline_run(const struct pipeline *p, uint64_t *ret_done)
{
	struct run r = { .p = p, .next = p->from, .end = p->to };
	uint64_t done;

	uring_open(p->ring, p->fds, p->plain);
	fill(&r);
	while (r.busy > 0) {
		reap(&r);
		fill(&r);
	}
	uring_close(p->ring);
	done = front(&r);
	/* What is copied behind the front will be copied again. */
	if (p->from + r.written > done)
		rung_take_back(p->range, p->from + r.written - done);
	*ret_done = done;
	return explain(&r);
}
