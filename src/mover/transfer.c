/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/transfer.h"

#include "base/error.h"
#include "base/patience.h"
#include "base/sys.h"
#include "base/units.h"
#include "io/io.h"
#include "mover/pieces.h"
#include "mover/source_hole.h"
#include "mover/streams.h"

#include <errno.h>
#include <inttypes.h>

#define CALL_MAX_BYTES GIB     /* glibc 2.41 mishandles lengths over 2 GiB */
#define PIECE_BYTES (64 * MIB) /* what a thread takes at a time, once there are several */

struct transfer {
	const struct transfer_request *req;
	struct io_ladder ladder; /* for by_hand */
	atomic_bool by_hand;     /* no copy_file_range here: read and write */
	_Atomic uint64_t user_bytes, hole_bytes;
	atomic_flag failed; /* who sets it may set the next two */
	unsigned int failed_target;
	uint64_t failed_offset;
};

/*
 * copy_file_range gave 0: either the source ends here now, or the call is broken, or the kernel
 * went by a size of long ago, which asking for the attributes mends.
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

static int copy_by_hand(struct transfer *t, uint64_t offset, int fd, uint64_t len,
			uint64_t *ret_bytes)
{
	struct io_request r = {
		.src = { .fd = t->req->src_fd },
		.dst = { .fd = fd },
		.src_offset = offset,
		.dst_offset = offset,
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

/*
 * A copy of nothing: *ret_bytes is the rest, up to `end`, where the source has ended. Where it
 * hasn't, it may have been made longer after the copy, and be cut off again before the next one:
 * only a source that is seen to have data each time, and is copied from in vain each time, is
 * believed to be out of order.
 */
static int copied_nothing(struct transfer *t, uint64_t offset, uint64_t end, int fd, size_t len,
			  uint64_t *ret_bytes)
{
	struct patience patience = { 0 };
	ssize_t n = 0;

	while (n == 0 || n == -EINTR) {
		bool ended = false;
		int err = look_at_source(t, offset, &ended);

		if (err)
			return err;
		if (ended) {
			*ret_bytes = end - offset;
			return 0;
		}
		if (!patience_left(&patience))
			return fail(-EIO,
				    "copy_file_range copies nothing at offset %" PRIu64
				    ", but there is data",
				    offset);
		n = sys_copy_file_range(t->req->src_fd, offset, fd, offset, len);
	}
	if (n < 0)
		return explain((int)n, offset);
	*ret_bytes = (uint64_t)n;
	return 0;
}

/* Copies from `offset` on, as much of `len` as one call does. */
static int copy_some(struct transfer *t, uint64_t offset, uint64_t end, int fd, uint64_t len,
		     uint64_t *ret_bytes)
{
	ssize_t n;

	if (atomic_load(&t->by_hand))
		return copy_by_hand(t, offset, fd, MIN_OF(len, 4 * MIB), ret_bytes);
	n = sys_copy_file_range(t->req->src_fd, offset, fd, offset, (size_t)len);
	if (n > 0) {
		*ret_bytes = (uint64_t)n;
		return 0;
	}
	if (n == 0)
		return copied_nothing(t, offset, end, fd, (size_t)len, ret_bytes);
	if (n == -EINTR)
		return 0;
	if (n == -ENOSYS || n == -EOPNOTSUPP) {
		atomic_store(&t->by_hand, true);
		return 0;
	}
	return explain((int)n, offset);
}

static int copy_within_limit(struct transfer *t, struct pieces *p, uint64_t offset, uint64_t end,
			     int fd, uint64_t *ret_got)
{
	struct bandwidth *limit = t->req->limit;
	uint64_t want = MIN_OF(end - offset, bandwidth_portion(limit));
	int err;

	bandwidth_take(limit, want, t->req->stop);
	if (pieces_stopped(p))
		return fail(-ECANCELED, "interrupted");
	err = copy_some(t, offset, end, fd, want, ret_got);
	if (*ret_got < want)
		bandwidth_give_back(limit, want - *ret_got);
	return err;
}

/* The first one is what the caller wants to know. Whether it was reading or writing isn't said. */
static int note_failure(struct transfer *t, unsigned int target, uint64_t offset, int err)
{
	if (!atomic_flag_test_and_set(&t->failed)) {
		t->failed_target = target;
		t->failed_offset = offset;
	}
	return err;
}

/* A call that comes back short has really copied: from then on all threads take part. */
static int copy_to(struct transfer *t, struct pieces *p, struct piece *piece, unsigned int target)
{
	int fd = t->req->target_fds[target];

	for (uint64_t offset = piece->start; offset < piece->end;) {
		uint64_t got = 0;
		int err;

		if (pieces_stopped(p))
			return fail(-ECANCELED, "interrupted");
		err = copy_within_limit(t, p, offset, piece->end, fd, &got);
		if (err)
			return note_failure(t, target, offset, err);
		offset += got;
		pieces_add_done(p, got);
		if (offset < piece->end)
			pieces_spread(p, piece, offset);
	}
	return 0;
}

static int make_hole(struct transfer *t, struct pieces *p, const struct piece *piece, uint64_t end)
{
	const struct transfer_request *req = t->req;

	for (unsigned int i = 0; i < req->target_count; i++) {
		int err = 0;

		if (!(piece->targets & UINT32_C(1) << i))
			continue;
		if (!req->fresh)
			err = source_hole_make(req->target_fds[i], piece->start, end, req->stop);
		if (err)
			return note_failure(t, i, piece->start, err);
		atomic_fetch_add(&t->hole_bytes, end - piece->start);
		pieces_add_done(p, end - piece->start);
	}
	return 0;
}

/* A hole that the piece begins with, and all of it that nobody has taken yet, if that is much: a
 * call of copy_file_range(2) moves at most 2 GiB, also of nothing. */
static int skip_hole(struct transfer *t, struct pieces *p, struct piece *piece)
{
	uint64_t end;
	int err;

	if (piece->end - piece->start < PIECE_BYTES)
		return 0;
	err = source_hole_end(t->req->src_fd, piece->start, t->req->stop, &end);
	if (err == -ECANCELED)
		return fail(err, "interrupted");
	if (err || end - piece->start < PIECE_BYTES)
		return err;
	pieces_extend(p, piece, end);
	end = MIN_OF(end, piece->end);
	err = make_hole(t, p, piece, end);
	piece->start = end;
	return err == -ECANCELED ? fail(err, "interrupted") : err;
}

static int copy_piece(struct pieces *p, struct piece *piece, void *cookie)
{
	struct transfer *t = cookie;
	int err = skip_hole(t, p, piece);

	for (unsigned int i = 0; i < t->req->target_count && !err; i++) {
		if (piece->targets & UINT32_C(1) << i)
			err = copy_to(t, p, piece, i);
	}
	return err;
}

static void forward_progress(uint64_t done_bytes, void *cookie)
{
	const struct transfer *t = cookie;

	if (t->req->progress)
		t->req->progress(done_bytes, t->req->cookie);
}

static int forward_question(void *cookie)
{
	const struct transfer *t = cookie;

	return t->req->may_go_on ? t->req->may_go_on(t->req->cookie) : 0;
}

static int run_ranges(const struct transfer_request *req, struct transfer_result *ret_result)
{
	struct transfer t = { .req = req };
	const struct pieces_request work = {
		.ranges = req->ranges,
		.range_count = req->range_count,
		.piece_bytes = PIECE_BYTES,
		.alone_bytes = CALL_MAX_BYTES,
		.threads = req->threads,
		.stop = req->stop,
		.work = copy_piece,
		.may_go_on = forward_question,
		.progress = forward_progress,
		.cookie = &t,
	};
	int err;

	atomic_flag_clear(&t.failed);
	io_ladder_init(&t.ladder, 0);
	err = pieces_run(&work);
	io_ladder_release(&t.ladder);
	*ret_result = (struct transfer_result){
		.user_bytes = atomic_load(&t.user_bytes),
		.hole_bytes = atomic_load(&t.hole_bytes),
		.write_failed = err == -ENOSPC || err == -EDQUOT,
		.failed_target = t.failed_target,
		.failed_offset = t.failed_offset,
		.failed_len = err == -ENOSPC || err == -EDQUOT ? 1 : 0,
	};
	return err;
}

/*
 * The choice between the two ways. Where the file system wants streams, its descriptors are for
 * direct I/O, and copy_file_range(2), sendfile(2) and splice(2) into such a one are never an
 * option: on Lustre they report success and write wrong bytes.
 */
int transfer_run(const struct transfer_request *req, struct transfer_result *ret_result)
{
	*ret_result = (struct transfer_result){ 0 };
	return req->streams ? streams_run(req, ret_result) : run_ranges(req, ret_result);
}
