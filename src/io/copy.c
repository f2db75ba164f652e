/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * io_copy: the aligned middle of a range goes to the share rung, which takes holes with it; what is
 * left is walked as data and holes, data going down the other rungs. All in the order of the bytes,
 * so that what is done is always a front part.
 */
#include "base/checked.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/sys.h"
#include "io/behind.h"
#include "io/cached.h"
#include "io/extent_map.h"
#include "io/holes.h"
#include "io/rung.h"

#include <errno.h>
#include <inttypes.h>

/* Block sizes above this are transfer sizes of network file systems, whose servers share in blocks
 * of 4 KiB. */
#define BLOCK_MAX (64 * KIB)
#define BLOCK_USUAL 4096u

/* Data is copied in steps, for each of which is asked whether it is in the page cache. */
#define STEP_BYTES (32 * MIB)
/* Below this, setting up direct I/O costs more than it gains. */
#define BULK_MIN (64 * KIB)

/* One range on its way. Offsets are from the front of the range. */
struct passage {
	struct io_ladder *ladder;
	const struct io_request *req;
	struct io_moved *moved;
	uint64_t src_size, dst_size; /* of the files, when it began */
	struct io_device src_device, dst_device;
	struct direct_files files;
	uint64_t data_end; /* the source has nothing from here on */
	bool fresh;        /* the destination has nothing there yet */
	uint64_t done;
	unsigned int left; /* bit per rung: not this way for these files */
};

/* How a step is to be copied. */
struct way {
	bool cold; /* by direct I/O, or without leaving it in the page cache */
	unsigned int count;
	enum io_rung order[IO_RUNGS];
};

static int passage_start(struct passage *p, struct io_ladder *ladder, const struct io_request *req,
			 struct io_moved *moved)
{
	struct stat src, dst;
	int err;

	*p = (struct passage){
		.ladder = ladder,
		.req = req,
		.moved = moved,
		.fresh = req->fresh,
		.src_device = io_device_of(ladder, &req->src),
		.dst_device = io_device_of(ladder, &req->dst),
		.files = DIRECT_FILES_INIT,
	};
	if (req->len_bytes > INT64_MAX || req->src_offset > INT64_MAX - req->len_bytes ||
	    req->dst_offset > INT64_MAX - req->len_bytes)
		return fail(-EINVAL, "copy of %" PRIu64 " bytes runs past the largest file",
			    req->len_bytes);
	err = sys_fstat(req->src.fd, &src);
	if (err)
		return fail_sys(err, "size of the source");
	err = sys_fstat(req->dst.fd, &dst);
	if (err)
		return fail_sys(err, "size of the destination");
	if (src.st_dev == dst.st_dev && src.st_ino == dst.st_ino &&
	    req->src_offset < req->dst_offset + req->len_bytes &&
	    req->dst_offset < req->src_offset + req->len_bytes)
		return fail(-EINVAL, "source and destination overlap");
	p->src_size = (uint64_t)src.st_size;
	p->dst_size = (uint64_t)dst.st_size;
	if (p->src_size > req->src_offset)
		p->data_end = MIN_OF(req->len_bytes, p->src_size - req->src_offset);
	return 0;
}

/* The first len_bytes that aren't done yet. */
static struct rung_range range_of(const struct passage *p, uint64_t len_bytes)
{
	return (struct rung_range){
		.src_fd = p->req->src.fd,
		.dst_fd = p->req->dst.fd,
		.src_offset = p->req->src_offset + p->done,
		.dst_offset = p->req->dst_offset + p->done,
		.len_bytes = len_bytes,
		.stop = p->req->stop,
		.stages = p->req->stages,
		.preallocate = p->req->fresh && p->dst_device.preallocate,
		.plain_buffers = p->src_device.plain_buffers || p->dst_device.plain_buffers,
		.direct_bytes = &p->moved->direct_bytes,
	};
}

/* Adds what a rung did. */
static void account(struct passage *p, enum io_rung rung, int outcome, uint64_t n)
{
	p->done += n;
	p->moved->bytes[rung] += n;
	if (outcome == RUNG_LEFT || outcome == RUNG_REFUSED)
		p->left |= 1u << rung;
	if (n > 0 || outcome == RUNG_REFUSED)
		io_ladder_note(p->ladder, p->req, rung,
			       outcome == RUNG_REFUSED ? RUNG_REFUSED : RUNG_DONE);
}

/* For what no rung of copying counts as it goes. */
static void arrived(const struct passage *p, uint64_t len_bytes)
{
	if (p->req->stages && p->req->stages->done_bytes)
		atomic_fetch_add_explicit(p->req->stages->done_bytes, len_bytes,
					  memory_order_relaxed);
}

static uint32_t share_block(struct io_ladder *ladder, const struct io_request *req)
{
	uint32_t block = io_ladder_block(ladder, req);
	struct statvfs sv;

	if (block)
		return block;
	block = BLOCK_USUAL;
	if (!sys_fstatvfs(req->dst.fd, &sv) && sv.f_bsize >= 512 && sv.f_bsize <= BLOCK_MAX)
		block = (uint32_t)sv.f_bsize;
	io_ladder_note_block(ladder, req, block);
	return block;
}

/*
 * The part [*ret_from, *ret_to) of the range that can be asked to be shared: both of its ends
 * aligned in both files, or ending unaligned where the source ends, with no bytes of the
 * destination after it. False: none.
 */
static bool share_part(const struct passage *p, uint32_t block, uint64_t *ret_from,
		       uint64_t *ret_to)
{
	const struct io_request *req = p->req;
	uint64_t from = (block - req->src_offset % block) % block;
	uint64_t to = p->data_end;
	uint64_t tail = (req->src_offset + to) % block;

	if (req->src_offset % block != req->dst_offset % block)
		return false;
	if (req->src_offset + to < p->src_size || req->dst_offset + to < p->dst_size)
		to -= MIN_OF(tail, to);
	*ret_from = from;
	*ret_to = to;
	return from < to;
}

/* Whether to ask for sharing at all; then which part. */
static bool share_wanted(const struct passage *p, uint32_t *ret_block, uint64_t *ret_from,
			 uint64_t *ret_to)
{
	if (p->req->no_share || p->data_end == 0 || io_ladder_refused(p->ladder, p->req, IO_SHARE))
		return false;
	*ret_block = share_block(p->ladder, p->req);
	return share_part(p, *ret_block, ret_from, ret_to);
}

static int share_to(struct passage *p, uint32_t block, uint64_t to)
{
	struct rung_range range = range_of(p, to - p->done);
	uint64_t n;
	int outcome = rung_share(&range, block, &n);

	account(p, IO_SHARE, outcome, n);
	arrived(p, n);
	return outcome < 0 ? outcome : 0;
}

static int hole_to(struct passage *p, uint64_t to)
{
	uint64_t dst = p->req->dst_offset + p->done;
	int err = 0;

	if (!p->fresh && dst < p->dst_size)
		err = io_punch(p->req->dst.fd, dst, MIN_OF(to - p->done, p->dst_size - dst),
			       p->req->stop);
	if (err)
		return err;
	p->moved->hole_bytes += to - p->done;
	arrived(p, to - p->done);
	p->done = to;
	return 0;
}

static int climb_down(struct passage *p, enum io_rung rung, const struct rung_range *range,
		      uint64_t *ret_done)
{
	switch (rung) {
	case IO_KERNEL:
		return rung_kernel(range, ret_done);
	case IO_URING:
		return rung_uring(range, &p->ladder->rings, ret_done);
	default:
		return rung_rw(range, &p->ladder->buffers, ret_done);
	}
}

static bool open_to(const struct passage *p, enum io_rung rung)
{
	return !(p->left & 1u << rung) && !io_ladder_refused(p->ladder, p->req, rung);
}

/* The source ends here, before the size that it had. Parts of it that were under way together with this one
 * may have arrived behind it. */
static int end_here(struct passage *p)
{
	struct stat st;
	int err = sys_fstat(p->req->dst.fd, &st);

	if (err)
		return fail_sys(err, "size of the destination");
	p->dst_size = (uint64_t)st.st_size;
	p->fresh = false;
	p->data_end = p->done;
	return 0;
}

/* The front of the range up to `to`, on the first rung of the order that takes it. */
static int data_by(struct passage *p, const struct way *way, uint64_t to)
{
	for (unsigned int i = 0; i < way->count; i++) {
		struct rung_range range = range_of(p, to - p->done);
		uint64_t n;
		int outcome;

		if (!open_to(p, way->order[i]))
			continue;
		range.drop = way->cold;
		range.keep_source = p->req->keep_source;
		range.files = way->cold ? &p->files : NULL;
		outcome = climb_down(p, way->order[i], &range, &n);
		account(p, way->order[i], outcome, n);
		if (outcome < 0)
			return outcome;
		if (outcome == RUNG_DONE)
			return p->done < to ? end_here(p) : 0;
	}
	return fail(-EIO, "no way to copy");
}

static int on_the_device(const struct passage *p, uint64_t start, uint64_t len_bytes)
{
	uint64_t dst = p->req->dst_offset + start;
	int err = behind_finish(p->req->dst.fd, dst, len_bytes);

	return err ? fail_sys(err, "writing out at offset %" PRIu64, dst) : 0;
}

/* A piece of the contest, timed up to the moment when it is on the device. */
static int data_timed(struct passage *p, const struct way *way, uint64_t to)
{
	enum contest_way which = way->order[0] == IO_KERNEL ? CONTEST_KERNEL : CONTEST_URING;
	uint64_t before = p->moved->bytes[way->order[0]], began_ns = clock_now_ns();
	uint64_t start = p->done, len = to - start;
	int err = data_by(p, way, to);

	if (!err)
		err = on_the_device(p, start, len);
	if (!err && p->moved->bytes[way->order[0]] - before != len)
		len = 0;
	io_ladder_contest_end(p->ladder, p->req, which, err ? 0 : len, clock_now_ns() - began_ns);
	return err;
}

/* Whether the part is worth direct I/O: large, and not in memory already. */
static bool is_cold(const struct passage *p, uint64_t len_bytes)
{
	return p->req->bulk && len_bytes >= BULK_MIN && p->src_device.kind != IO_DEVICE_MEMORY &&
	       !cached_mostly(p->req->src.fd, p->req->src_offset + p->done, len_bytes);
}

/* Which rungs, in which order. *ret_timed: the first of them is being measured. */
static struct way choose_way(struct passage *p, uint64_t len_bytes, bool *ret_timed)
{
	bool kernel = !p->req->no_share && !(p->req->stages && p->req->stages->sums) &&
		      open_to(p, IO_KERNEL);
	struct way way = { .cold = is_cold(p, len_bytes) };
	bool uring = way.cold && open_to(p, IO_URING);

	*ret_timed = false;
	if (kernel && uring &&
	    io_ladder_contest_next(p->ladder, p->req, ret_timed) == CONTEST_URING) {
		way.order[way.count++] = IO_URING;
		uring = false;
	}
	if (kernel)
		way.order[way.count++] = IO_KERNEL;
	if (uring)
		way.order[way.count++] = IO_URING;
	way.order[way.count++] = IO_RW;
	return way;
}

/* What was copied from `start` on goes out of the page cache, where it wasn't before. */
static int leave_cache(const struct passage *p, uint64_t start)
{
	uint64_t dst = p->req->dst_offset + start;
	int src_fd = p->req->keep_source ? -1 : p->req->src.fd;
	int err = behind_leave(src_fd, p->req->src_offset + start, p->req->dst.fd, dst,
			       p->done - start);

	return err ? fail_sys(err, "writing out at offset %" PRIu64, dst) : 0;
}

/* A step from the front of the data up to `to`, or less of it. */
static int data_to(struct passage *p, uint64_t to)
{
	uint64_t start = p->done, dst = p->req->dst_offset + start;
	uint64_t len = MIN_OF(to - start, STEP_BYTES - dst % STEP_BYTES);
	struct way way;
	bool timed;
	int err;

	way = choose_way(p, len, &timed);
	if (timed)
		err = data_timed(p, &way, start + MIN_OF(len, CONTEST_PIECE_BYTES));
	else
		err = data_by(p, &way, start + len);
	if (!err && way.cold && p->done > start)
		err = leave_cache(p, start);
	return err;
}

/* What is next, and up to where; not past `end` of the source. */
static int look(const struct passage *p, uint64_t end, bool *ret_hole, uint64_t *ret_next)
{
	const struct io_request *req = p->req;
	uint64_t pos = req->src_offset + p->done;
	int err;

	if (!req->extents)
		return holes_at(req->src.fd, pos, end, req->stop, ret_hole, ret_next);
	err = extent_map_look(req->extents, req->src.fd, pos, req->stop, ret_hole, ret_next, NULL);
	if (!err)
		*ret_next = MIN_OF(*ret_next, end);
	return err;
}

/* Up to `to` by data and holes, or to the end of the source if that is found to be before. */
static int walk_to(struct passage *p, uint64_t to)
{
	const struct io_request *req = p->req;

	while (p->done < MIN_OF(to, p->data_end)) {
		uint64_t next;
		bool hole;
		int err;

		if (req->stop && atomic_load_explicit(req->stop, memory_order_relaxed))
			return -ECANCELED;
		err = look(p, req->src_offset + MIN_OF(to, p->data_end), &hole, &next);
		if (err)
			return err;
		err = hole ? hole_to(p, next - req->src_offset)
			   : data_to(p, next - req->src_offset);
		if (err)
			return err;
	}
	return 0;
}

int io_copy(struct io_ladder *ladder, const struct io_request *req, struct io_moved *moved,
	    uint64_t *ret_done_bytes)
{
	struct passage p;
	uint64_t from, to;
	uint32_t block;
	int err = passage_start(&p, ladder, req, moved);

	if (!err && share_wanted(&p, &block, &from, &to)) {
		err = walk_to(&p, from);
		if (!err && p.done == from)
			err = share_to(&p, block, to);
	}
	if (!err)
		err = walk_to(&p, req->len_bytes);
	if (!err && p.done < req->len_bytes)
		err = hole_to(&p, req->len_bytes);
	direct_files_close(&p.files);
	*ret_done_bytes = p.done;
	return err;
}

int io_share(struct io_ladder *ladder, const struct io_request *req, struct io_moved *moved,
	     uint64_t *ret_from_bytes, uint64_t *ret_len_bytes)
{
	struct passage p;
	uint64_t from = 0, to;
	uint32_t block;
	int err;

	*ret_from_bytes = *ret_len_bytes = 0;
	err = passage_start(&p, ladder, req, moved);
	if (err || !share_wanted(&p, &block, &from, &to))
		return err;
	p.done = from;
	err = share_to(&p, block, to);
	*ret_from_bytes = from;
	*ret_len_bytes = p.done - from;
	return err;
}

bool io_will_share(struct io_ladder *ladder, const struct io_request *req)
{
	uint32_t block = io_ladder_block(ladder, req);

	return !req->no_share && block && req->src_offset % block == req->dst_offset % block &&
	       io_ladder_worked(ladder, req, IO_SHARE);
}
