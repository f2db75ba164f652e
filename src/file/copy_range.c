/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A range of one file to another, object to object.
 *
 * The range goes in windows, in the file's order: what is reported as copied is a part from the
 * front, also at the deadline and after an error, although within a window the pieces are copied in
 * no order. The first window is small and shows how the bytes move: windows of shared extents then
 * grow fast, those of copied bytes until they take long enough to keep every OST busy.
 */
#include "file/file_impl.h"

#include "base/checked.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/units.h"
#include "copy/run.h"

#include <errno.h>

#define WINDOW_FIRST (4 * MIB)
#define WINDOW_COPIED_MAX (64 * MIB)
#define WINDOW_SHARED_FACTOR 16
#define WINDOW_ENOUGH_NS                                                                           \
	(25 * NS_PER_MS) /* a copied window that takes longer doesn't grow further */
#define WINDOW_ALIGN MIB /* windows end at multiples of this, so that blocks are not cut */

/* A copy under way. */
struct copying {
	const struct file_copy *req;
	struct access src_access, dst_access; /* within one file: of one hold of its lock */
	uint64_t len_bytes;                   /* to copy, within the source */
	uint64_t done_bytes;
	uint64_t window_bytes;
	bool sharing; /* the last window was shared extents, or all but ends of blocks */
	bool fresh;
	bool failed_over; /* a window was begun from another mirror: parts of it may be anywhere */
	struct copy_objects objects;
};

static int src_end(void *cookie, struct object_ref ref, struct io_end *ret_end)
{
	const struct copying *k = cookie;

	return objects_end(&k->src_access, ref, false, ret_end);
}

static void name(void *cookie, struct object_ref ref, bool of_dst, char text[COPY_NAME_MAX])
{
	const struct copying *k = cookie;

	objects_name(of_dst ? k->dst_access.layout : k->src_access.layout, ref, text,
		     COPY_NAME_MAX);
}

static int dst_end(void *cookie, struct object_ref ref, struct io_end *ret_end)
{
	const struct copying *k = cookie;

	return objects_end(&k->dst_access, ref, true, ret_end);
}

/* ---- begin and end ---- */

static bool within_one_file(const struct file_copy *req)
{
	return req->src == req->dst;
}

/*
 * Two files always in the same order, or two copies in opposite directions and two commits could
 * wait for each other.
 */
static int begin_two(struct copying *k)
{
	bool src_first = fid_compare(k->req->src->fid, k->req->dst->fid) < 0;
	struct access *first = src_first ? &k->src_access : &k->dst_access;
	struct access *second = src_first ? &k->dst_access : &k->src_access;
	int err = access_begin(first);

	if (err)
		return err;
	err = access_begin(second);
	if (err)
		access_end(first);
	return err;
}

static int begin_access(struct copying *k)
{
	int err;

	if (!within_one_file(k->req))
		return begin_two(k);
	err = access_begin(&k->dst_access);
	if (err)
		return err;
	err = access_begin_locked(&k->src_access);
	if (err)
		access_end(&k->dst_access);
	return err;
}

static void end_access(struct copying *k)
{
	access_end(&k->dst_access);
	if (!within_one_file(k->req))
		access_end(&k->src_access);
}

/* ---- one window ---- */

static uint64_t next_len(const struct copying *k)
{
	uint64_t left = k->len_bytes - k->done_bytes, pos = k->req->dst_offset + k->done_bytes;

	if (left <= k->window_bytes)
		return left;
	return align_down(pos + k->window_bytes, WINDOW_ALIGN) - pos;
}

static int plan_next(const struct copying *k, struct copy_plan *ret_plan)
{
	struct copy_side src = { k->src_access.layout, k->src_access.mirror_id,
				 k->req->src_offset + k->done_bytes };
	struct copy_side dst = { k->dst_access.layout, k->dst_access.mirror_id,
				 k->req->dst_offset + k->done_bytes };

	return copy_plan_make(&src, &dst, next_len(k), ret_plan);
}

static void choose_window(struct copying *k, const struct io_moved *m, uint64_t took_ns)
{
	uint64_t copied = m->bytes[IO_KERNEL] + m->bytes[IO_URING] + m->bytes[IO_RW];

	k->sharing = copied <= m->bytes[IO_SHARE] / 8 && m->bytes[IO_SHARE] > 0;
	if (k->sharing)
		k->window_bytes *= WINDOW_SHARED_FACTOR;
	else if (k->window_bytes > WINDOW_COPIED_MAX)
		k->window_bytes = WINDOW_COPIED_MAX;
	else if (took_ns < WINDOW_ENOUGH_NS)
		k->window_bytes = MIN_OF(2 * k->window_bytes, WINDOW_COPIED_MAX);
}

/* Mirrors that share extents would be lost together. */
static bool between_mirrors(const struct copying *k)
{
	return within_one_file(k->req) && k->src_access.mirror_id != k->dst_access.mirror_id;
}

static int run_window(struct copying *k, const struct copy_plan *plan, struct io_moved *moved)
{
	uint64_t start = k->req->dst_offset + k->done_bytes;
	struct copy_run_options options = { .no_share = k->req->no_share || between_mirrors(k),
					    .fresh = k->fresh,
					    .keep_source = k->req->keep_source,
					    .bulk = k->len_bytes >= COPY_BULK_BYTES,
					    .stop = k->req->stop };
	struct io_moved window_moved = { 0 };
	uint64_t began_ns = clock_now_ns();
	int err = access_change(&k->dst_access, start, start + plan->len_bytes);

	if (!err) {
		file_note_change(k->dst_access.f);
		err = copy_run(k->req->ladder, plan, &k->objects, &options, &window_moved);
	}
	io_moved_add(moved, &window_moved);
	if (err)
		return err;
	k->done_bytes += plan->len_bytes;
	choose_window(k, &window_moved, clock_now_ns() - began_ns);
	return 0;
}

static bool past_deadline(const struct copying *k)
{
	return k->req->deadline_ns && clock_now_ns() >= k->req->deadline_ns;
}

/*
 * Copies the next window, unless the deadline has passed and it would take time. *ret_more: go on.
 */
static int copy_window(struct copying *k, struct io_moved *moved, bool *ret_more)
{
	struct copy_plan plan = { 0 };
	bool shared;
	int err = plan_next(k, &plan);

	if (err)
		return err;
	/*
	 * That the last window was shared says nothing about other devices that this one may reach.
	 */
	shared = k->sharing && copy_run_is_shared(k->req->ladder, &plan, &k->objects);
	*ret_more = k->done_bytes == 0 || shared || !past_deadline(k);
	if (*ret_more && k->sharing && !shared) {
		k->sharing = false;
		k->window_bytes = WINDOW_FIRST;
	} else if (*ret_more) {
		err = run_window(k, &plan, moved);
	}
	copy_plan_release(&plan);
	return err;
}

/* The same from whatever mirror of the source has it. */
static int copy_window_from_any(struct copying *k, struct io_moved *moved, bool *ret_more)
{
	int err = copy_window(k, moved, ret_more);

	while (err && access_fail_over(&k->src_access, err)) {
		k->failed_over = true;
		k->fresh = false;
		err = copy_window(k, moved, ret_more);
	}
	return err;
}

/* ---- the whole ---- */

/* Whether bytes would be read and written at once: in two mirrors they are not the same ones. */
static bool overlap(const struct copying *k)
{
	const struct file_copy *req = k->req;
	uint64_t low = MIN_OF(req->src_offset, req->dst_offset),
		 high = MAX_OF(req->src_offset, req->dst_offset);

	if (!within_one_file(req) ||
	    (req->src_mirror_id != req->dst_mirror_id && between_mirrors(k)))
		return false;
	return high - low < k->len_bytes;
}

static int source_size(struct copying *k, uint64_t *ret_size)
{
	int err = size_get(&k->src_access, ret_size);

	while (err && access_fail_over(&k->src_access, err))
		err = size_get(&k->src_access, ret_size);
	return err;
}

/* Cuts the length to the source's size, and looks whether the rest can be done. */
static int check(struct copying *k)
{
	const struct file_copy *req = k->req;
	uint64_t src_size, end;
	int err = source_size(k, &src_size);

	if (err)
		return err;
	k->len_bytes = src_size <= req->src_offset
			       ? 0
			       : MIN_OF(req->len_bytes, src_size - req->src_offset);
	if (k->len_bytes == 0)
		return 0;
	if (!add_u64(req->dst_offset, k->len_bytes, &end) || end > INT64_MAX)
		return fail(-EFBIG, "the copy would end past the largest file size");
	if (overlap(k))
		return fail(-EINVAL, "source and destination are one file, and the ranges overlap");
	err = access_check_kinds(&k->src_access, req->src_offset, req->src_offset + k->len_bytes);
	if (!err)
		err = access_check_range(&k->dst_access, req->dst_offset, end);
	/* For all of it now: nothing is done before the other mirrors are stale. */
	return err ? err : access_check_stale(&k->dst_access, req->dst_offset, end);
}

/*
 * Makes the destination as long as what was copied: longer for a hole at its end, shorter for
 * pieces of a failed window behind what is reported. Returns the error to report, 0 where there are
 * bytes to report: then the error, if there was one, will come again at the next call.
 */
static int settle_size(struct copying *k, uint64_t old_size, int err)
{
	uint64_t end = k->req->dst_offset + k->done_bytes;
	int extend_err = k->done_bytes ? size_extend(&k->dst_access, end) : 0, shrink_err;

	if (extend_err) {
		k->done_bytes = 0;
		err = extend_err;
	}
	if (err || k->failed_over) {
		shrink_err = size_shrink(&k->dst_access,
					 k->done_bytes ? MAX_OF(old_size, end) : old_size);
		if (shrink_err)
			return err ? err : shrink_err;
	}
	return k->done_bytes ? 0 : err;
}

static ssize_t copy_all(struct copying *k, struct io_moved *moved)
{
	uint64_t old_size;
	bool more = true;
	int err;

	err = check(k);
	if (err || k->len_bytes == 0)
		return err;
	err = size_get(&k->dst_access, &old_size);
	if (err)
		return err;
	k->fresh = k->req->dst_offset >= old_size;
	while (!err && more && k->done_bytes < k->len_bytes)
		err = copy_window_from_any(k, moved, &more);
	err = settle_size(k, old_size, err);
	return err ? err : (ssize_t)k->done_bytes;
}

ssize_t file_copy_range(const struct file_copy *c, struct io_moved *moved)
{
	struct copying k = {
		.req = c,
		.src_access = { .f = c->src,
				.kind = ACCESS_READ,
				.asked_id = c->src_mirror_id,
				.offset = c->src_offset },
		.dst_access = { .f = c->dst, .kind = ACCESS_CHANGE, .asked_id = c->dst_mirror_id },
		.window_bytes = WINDOW_FIRST,
		.objects = { src_end, dst_end, name, &k },
	};
	ssize_t n;
	int err = begin_access(&k);

	if (err)
		return err;
	n = copy_all(&k, moved);
	end_access(&k);
	return n;
}
