/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/streams.h"

#include "base/checked.h"
#include "base/error.h"
#include "base/sys.h"
#include "io/holes.h"
#include "mover/aligned.h"
#include "mover/bind_gate.h"
#include "mover/pieces.h"
#include "mover/source_map.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct streams {
	const struct transfer_request *req;
	struct source_map source;
	size_t align; /* of direct I/O */
	size_t step;  /* where data begins and ends: as align, or grains */
	size_t piece_bytes;
	struct copy_memory own; /* where the request has none */
	struct copy_memory *memory;
	struct bind_gate gate;
	_Atomic uint64_t user_bytes, hole_bytes, equal_bytes;
	atomic_flag failed; /* who sets it may set the next four */
	bool read_failed;
	unsigned int failed_target;
	uint64_t failed_offset, failed_len;
};

/* A part of a piece that is under way in one thread. */
struct stretch {
	uint64_t offset;
	size_t len;    /* of the file */
	size_t padded; /* of the buffer, aligned; zeros behind len */
	uint8_t *data; /* of the source */
	uint8_t *room; /* for what a target has; as large */
	bool by_sums;  /* what the target has isn't in there, but known */
};

/* The first one is what the caller wants to know. */
static void note_failure(struct streams *s, bool reading, unsigned int target, uint64_t offset,
			 uint64_t len)
{
	if (atomic_flag_test_and_set(&s->failed))
		return;
	s->read_failed = reading;
	s->failed_target = target;
	s->failed_offset = offset;
	s->failed_len = len;
}

/* ---- reading ---- */

static int read_source(struct streams *s, struct stretch *x)
{
	ssize_t n = aligned_read(s->req->src_fd, x->data, x->padded, x->offset);

	if (n < 0) {
		note_failure(s, true, 0, x->offset, x->len);
		return fail_sys((int)n, "cannot read at offset %" PRIu64, x->offset);
	}
	if ((size_t)n < x->len)
		return fail(-EAGAIN, "became shorter during the copy");
	memset(x->data + x->len, 0, x->padded - x->len);
	return 0;
}

/* What isn't there reads as zeros. */
static int read_target(struct streams *s, unsigned int target, struct stretch *x)
{
	ssize_t n = aligned_read(s->req->read_fds[target], x->room, x->padded, x->offset);

	if (n < 0) {
		note_failure(s, false, target, x->offset, x->len);
		return fail_sys((int)n, "cannot read the copy at offset %" PRIu64, x->offset);
	}
	memset(x->room + n, 0, x->padded - (size_t)n);
	return 0;
}

/* ---- writing ---- */

/* Where one call was short and the next one failed, it's the byte at *ret_done that can't be written. */
static int write_all(int fd, const uint8_t *data, size_t len, uint64_t offset, size_t *ret_done)
{
	*ret_done = 0;
	while (*ret_done < len) {
		ssize_t n = sys_pwrite(fd, data + *ret_done, len - *ret_done, offset + *ret_done);

		if (n <= 0)
			return n < 0 ? (int)n : -EIO;
		*ret_done += (size_t)n;
	}
	return 0;
}

/* [from, to) of the buffer. */
static int write_to(struct streams *s, unsigned int target, const struct stretch *x, size_t from,
		    size_t to)
{
	int err = bind_gate_enter(&s->gate, target);
	size_t done;

	if (err)
		return err;
	err = write_all(s->req->target_fds[target], x->data + from, to - from, x->offset + from,
			&done);
	bind_gate_leave(&s->gate);
	if (err) {
		note_failure(s, false, target, x->offset + from + done, done ? 1 : to - from);
		return fail_sys(err, "cannot write at offset %" PRIu64, x->offset + from + done);
	}
	atomic_fetch_add(&s->user_bytes, MIN_OF(to, x->len) - MIN_OF(from, x->len));
	return 0;
}

static bool is_known(const struct streams *s, unsigned int target)
{
	return s->req->known_targets & UINT32_C(1) << target;
}

static bool same_sum(const struct streams *s, uint64_t offset)
{
	uint64_t idx = offset / GRAIN_BYTES;

	return grain_sums_at(s->req->sums, idx) == grain_sums_at(s->req->known, idx);
}

/* What differs is written in grains, which are more than any page. */
static bool same_grain(const struct streams *s, const struct stretch *x, size_t at, size_t *ret_len)
{
	*ret_len = MIN_OF(GRAIN_BYTES, x->padded - at);
	return x->by_sums ? same_sum(s, x->offset + at)
			  : memcmp(x->data + at, x->room + at, *ret_len) == 0;
}

/* Without what only fills the buffer up. */
static void count_equal(struct streams *s, const struct stretch *x, size_t at, size_t len)
{
	atomic_fetch_add(&s->equal_bytes, MIN_OF(at + len, x->len) - MIN_OF(at, x->len));
}

/* Neighbouring grains that differ are one write. */
static int write_differences(struct streams *s, unsigned int target, struct stretch *x)
{
	size_t at = 0, len;

	while (at < x->padded) {
		size_t from = at;
		int err;

		while (at < x->padded && !same_grain(s, x, at, &len))
			at += len;
		err = at > from ? write_to(s, target, x, from, at) : 0;
		if (err)
			return err;
		if (at < x->padded) {
			count_equal(s, x, at, len);
			at += len;
		}
	}
	return 0;
}

static int write_target(struct streams *s, unsigned int target, struct stretch *x)
{
	int err;

	x->by_sums = is_known(s, target);
	if (x->by_sums)
		return write_differences(s, target, x);
	if (!s->req->compare)
		return write_to(s, target, x, 0, x->padded);
	err = read_target(s, target, x);
	return err ? err : write_differences(s, target, x);
}

/* ---- holes ---- */

/*
 * What the target has there becomes zeros where it isn't, by comparing: to punch a hole into one mirror
 * alone isn't possible on every version of Lustre, and on others would be one in all of them.
 */
static int clear_data(struct streams *s, unsigned int target, struct stretch *x, uint64_t to)
{
	x->by_sums = false;
	while (x->offset < to) {
		int err;

		x->len = (size_t)MIN_OF(s->piece_bytes, to - x->offset);
		x->padded = (size_t)align_up(x->len, s->align);
		memset(x->data, 0, x->padded);
		err = read_target(s, target, x);
		if (!err)
			err = write_differences(s, target, x);
		if (err)
			return err;
		x->offset += x->len;
	}
	return 0;
}

static int clear_target(struct streams *s, unsigned int target, struct stretch x, uint64_t to)
{
	while (x.offset < to) {
		uint64_t next;
		bool hole;
		int err = holes_at(s->req->read_fds[target], x.offset, to, s->req->stop, &hole,
				   &next);

		if (err)
			return err;
		if (next < to)
			next = hole ? align_down(next, s->align) : align_up(next, s->align);
		if (hole && next > x.offset) {
			atomic_fetch_add(&s->hole_bytes, next - x.offset);
			x.offset = next;
			continue;
		}
		err = clear_data(s, target, &x, MIN_OF(to, MAX_OF(next, x.offset + s->align)));
		if (err)
			return err;
	}
	return 0;
}

static int make_hole(struct streams *s, unsigned int target, const struct stretch *x, uint64_t to)
{
	if (!s->req->fresh)
		return clear_target(s, target, *x, to);
	atomic_fetch_add(&s->hole_bytes, to - x->offset);
	return 0;
}

/* ---- pieces ---- */

/*
 * With which target a stream begins: they are written at the same time from the first pieces on. Not where
 * all are written by one descriptor, which has to be bound to one after the other.
 */
static unsigned int first_target(const struct streams *s, const struct piece *piece)
{
	return s->req->bind ? 0 : piece->thread % s->req->target_count;
}

static int for_targets(struct streams *s, struct pieces *p, const struct piece *piece,
		       struct stretch *x, bool hole, uint64_t next)
{
	unsigned int count = s->req->target_count, first = first_target(s, piece);
	int err = 0;

	for (unsigned int k = 0; k < count && !err; k++) {
		unsigned int i = (first + k) % count;

		if (!(piece->targets & UINT32_C(1) << i))
			continue;
		err = hole ? make_hole(s, i, x, next) : write_target(s, i, x);
		if (!err)
			pieces_add_done(p, next - x->offset);
	}
	return err;
}

static int check_stop(const struct pieces *p)
{
	return pieces_stopped(p) ? fail(-ECANCELED, "interrupted") : 0;
}

/* Sets how much of the data up to *next is done at once, and takes it out of the limit. */
static int take(const struct streams *s, const struct pieces *p, const struct piece *piece,
		struct stretch *x, uint64_t *next)
{
	uint64_t portion = align_down(bandwidth_portion(s->req->limit), s->step);

	x->len = (size_t)MIN_OF(*next - x->offset, MIN_OF(portion, (uint64_t)s->piece_bytes));
	x->padded = (size_t)align_up(x->len, s->align);
	*next = x->offset + x->len;
	bandwidth_take(s->req->limit, x->len * (unsigned int)__builtin_popcount(piece->targets),
		       s->req->stop);
	return check_stop(p);
}

static void take_sums(const struct streams *s, const struct stretch *x, bool hole, uint64_t next)
{
	if (hole)
		grain_sums_take_zeros(s->req->sums, x->offset, next);
	else
		grain_sums_take(s->req->sums, x->offset, x->data, x->len);
}

static int copy_next(struct streams *s, struct pieces *p, const struct piece *piece,
		     struct stretch *x)
{
	uint64_t next = x->offset;
	bool hole;
	int err = check_stop(p);

	if (!err) {
		err = source_map_look(&s->source, x->offset, piece->end, &hole, &next);
		if (err)
			note_failure(s, true, 0, x->offset, 1);
	}
	if (!err && !hole)
		err = take(s, p, piece, x, &next);
	if (!err && !hole)
		err = read_source(s, x);
	if (!err && s->req->sums)
		take_sums(s, x, hole, next);
	if (!err)
		err = for_targets(s, p, piece, x, hole, next);
	x->offset = next;
	return err;
}

/* Two of piece_bytes where the targets are read, too. */
static size_t memory_bytes(const struct streams *s)
{
	return s->piece_bytes * (s->req->fresh ? 1 : 2);
}

static int copy_piece(struct pieces *p, struct piece *piece, void *cookie)
{
	struct streams *s = cookie;
	struct stretch x = { .offset = piece->start };
	int err = 0;

	x.data = copy_memory_take(s->memory, memory_bytes(s));
	if (!x.data)
		return fail(-ENOMEM, "no memory to copy with");
	x.room = x.data + s->piece_bytes;
	while (!err && x.offset < piece->end)
		err = copy_next(s, p, piece, &x);
	copy_memory_give(s->memory, x.data, memory_bytes(s));
	return err;
}

static int forward_question(void *cookie)
{
	const struct streams *s = cookie;

	return s->req->may_go_on ? s->req->may_go_on(s->req->cookie) : 0;
}

static void forward_progress(uint64_t done_bytes, void *cookie)
{
	const struct streams *s = cookie;

	if (s->req->progress)
		s->req->progress(done_bytes, s->req->cookie);
}

/* ---- all of it ---- */

/* share: what the file may have, in bytes. No more memory for small files than they have bytes. */
static size_t piece_bytes_for(const struct transfer_request *req, uint64_t share, size_t align)
{
	uint64_t longest = 0, each;

	for (unsigned int i = 0; i < req->range_count; i++)
		longest = MAX_OF(longest, req->ranges[i].end - req->ranges[i].start);
	each = MIN_OF(share, MAX_OF(longest / STREAMS_PARTS, STREAMS_BYTES_MIN)) / req->threads;
	if (!req->fresh)
		each /= 2;
	each = align_down(MAX_OF(each, STREAMS_PIECE_MIN), MIB);
	return (size_t)MIN_OF(each, MAX_OF(align_up(longest, align), align));
}

static void init(struct streams *s, const struct transfer_request *req)
{
	memset(s, 0, sizeof(*s));
	s->req = req;
	s->align = aligned_block_bytes();
	s->step = req->sums ? GRAIN_BYTES : s->align;
	copy_memory_init(&s->own, UINT64_MAX); /* as much as is asked for */
	s->memory = req->memory ? req->memory : &s->own;
	s->piece_bytes = piece_bytes_for(req, copy_memory_begin(s->memory), s->step);
	source_map_init(&s->source, req->src_fd,
			req->range_count ? req->ranges[req->range_count - 1].end : 0, s->step,
			req->stop);
	bind_gate_init(&s->gate, req->bind, req->cookie);
	atomic_flag_clear(&s->failed);
}

static void release(struct streams *s)
{
	copy_memory_end(s->memory);
	copy_memory_release(&s->own);
	bind_gate_release(&s->gate);
	source_map_release(&s->source);
}

int streams_run(const struct transfer_request *req, struct transfer_result *ret_result)
{
	struct streams s;
	bool noted;
	struct pieces_request work = {
		.ranges = req->ranges,
		.range_count = req->range_count,
		.threads = req->threads,
		.stop = req->stop,
		.work = copy_piece,
		.may_go_on = forward_question,
		.progress = forward_progress,
		.cookie = &s,
	};
	int err;

	init(&s, req);
	work.piece_bytes = s.piece_bytes;
	err = pieces_run(&work);
	noted = err && atomic_flag_test_and_set(&s.failed);
	*ret_result = (struct transfer_result){
		.user_bytes = atomic_load(&s.user_bytes),
		.direct_bytes = atomic_load(&s.user_bytes),
		.hole_bytes = atomic_load(&s.hole_bytes),
		.equal_bytes = atomic_load(&s.equal_bytes),
		.write_failed = noted && !s.read_failed,
		.read_failed = noted && s.read_failed,
		.failed_target = s.failed_target,
		.failed_offset = s.failed_offset,
		.failed_len = s.failed_len,
	};
	release(&s);
	return err;
}
