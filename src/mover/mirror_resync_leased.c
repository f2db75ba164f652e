/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/mirror_leased.h"

#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"
#include "io/holes.h"
#include "layout/mirror.h"
#include "mover/moved.h"
#include "mover/resync_plan.h"
#include "mover/transfer.h"
#include "mover/trouble.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A mirror that has data already is compared from this size on, if nobody says otherwise: then reading
 * what is there costs less than writing what needn't be. */
#define COMPARE_MIN_BYTES (64 * MIB)

struct work {
	const struct leased_resync *r;
	struct mirror_result *result;
	struct resync_plan plan;          /* under the lease */
	int source_fd;                    /* owned: that mirror */
	int fds[LAYOUT_MIRRORS_MAX];      /* the lease's descriptor, for each mirror */
	int read_fds[LAYOUT_MIRRORS_MAX]; /* owned: the mirrors as they are */
	bool compare;
	uint32_t known;      /* the mirrors (bits) of which the sums are known */
	int failed;          /* the mirror that couldn't be written; -1 */
	uint64_t done_bytes; /* with the sources before this one */
};

static void set_flag(struct layout *l, uint32_t mirror_id, uint32_t flag)
{
	for (uint32_t i = 0; i < l->count; i++) {
		if (mirror_id_at(l, i) == mirror_id)
			l->comps[i].flags |= flag;
	}
}

/* ---- what is to be copied ---- */

static int open_mirrors(struct work *w)
{
	const struct leased_resync *r = w->r;
	int err = 0;

	for (unsigned int i = 0; i < r->count && !err; i++) {
		w->fds[i] = r->file->file_fd;
		err = r->fs->ops->mirror_open(r->fs, r->file->file_fd, r->ids[i], O_RDONLY,
					      &w->read_fds[i]);
	}
	return err;
}

/* Of several that are in sync one that can't be read now is no source: as if it were set offline. */
static int leave_out_unreadable(const struct leased_resync *r, struct layout **l)
{
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	unsigned int count = mirror_ids(*l, ids);
	struct layout *copy;

	if (r->source_id || mirror_count_usable(*l) < 2)
		return 0;
	copy = layout_clone(*l);
	if (!copy)
		return fail(-ENOMEM, "no memory");
	for (unsigned int i = 0; i < count; i++) {
		if (mirror_usable(*l, ids[i]) &&
		    r->fs->ops->mirror_check(r->fs, r->file->file_fd, ids[i], false))
			set_flag(copy, ids[i], COMP_OFFLINE);
	}
	layout_unref(*l);
	*l = copy;
	return 0;
}

static int prepare(struct work *w)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	const struct leased_resync *r = w->r;
	int err = r->fs->ops->layout_get(r->fs, r->file->file_fd, &l);

	if (!err)
		err = leave_out_unreadable(r, &l);
	if (!err && sys_fstat(r->file->file_fd, &r->file->st))
		err = fail(-EIO, "cannot read its attributes");
	if (!err)
		err = resync_plan_make(l, (uint64_t)r->file->st.st_size, r->ids, r->count,
				       r->source_id, &w->plan);
	if (!err)
		sums_keep_begin(r->sums, l, (uint64_t)r->file->st.st_size);
	return err ? err : open_mirrors(w);
}

static int check_sums(struct work *w)
{
	const struct leased_resync *r = w->r;

	return sums_keep_check(r->sums, r->ids, w->read_fds, r->count, r->opt->stop, &w->known);
}

/* Whether any of the mirrors has data that may be what it should be. */
static bool has_data(const struct work *w)
{
	uint64_t size = (uint64_t)w->r->file->st.st_size, next;

	for (unsigned int i = 0; i < w->r->count; i++) {
		bool hole;

		if (!holes_at(w->read_fds[i], 0, size, w->r->opt->stop, &hole, &next) &&
		    (!hole || next < size))
			return true;
	}
	return false;
}

static bool all_known(const struct work *w)
{
	return (unsigned int)__builtin_popcount(w->known) == w->r->count;
}

static bool is_compared(const struct work *w)
{
	if (all_known(w))
		return false;
	if (w->r->compare != MIRROR_COMPARE_AUTO)
		return w->r->compare == MIRROR_COMPARE;
	return (uint64_t)w->r->file->st.st_size >= COMPARE_MIN_BYTES && has_data(w);
}

/* ---- copying ---- */

static int may_go_on(void *cookie)
{
	const struct work *w = cookie;

	return w->r->fs->ops->lease_check(w->r->fs, w->r->file->file_fd);
}

static int bind_to(unsigned int target, void *cookie)
{
	const struct work *w = cookie;

	return w->r->fs->ops->mirror_bind(w->r->fs, w->r->file->file_fd, w->r->ids[target]);
}

static uint64_t total_bytes(const struct work *w)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < w->plan.count; i++) {
		const struct piece_range *r = &w->plan.ranges[i].range;

		sum += (r->end - r->start) * (unsigned int)__builtin_popcount(r->targets);
	}
	return sum;
}

static void forward_progress(uint64_t done_bytes, void *cookie)
{
	const struct work *w = cookie;

	if (w->r->opt->progress)
		w->r->opt->progress(w->done_bytes + done_bytes, total_bytes(w), w->r->opt->cookie);
}

static void count(struct work *w, const struct transfer_result *here)
{
	w->result->copied_bytes += here->user_bytes;
	moved_add_here(&w->result->moved, here);
	w->done_bytes += here->user_bytes + here->hole_bytes + here->equal_bytes;
}

static int copy_ranges(struct work *w, uint32_t source_id, const struct piece_range *ranges,
		       unsigned int range_count)
{
	const struct leased_resync *r = w->r;
	const struct transfer_request req = {
		.src_fd = w->source_fd,
		.target_fds = w->fds,
		.target_count = r->count,
		.ranges = ranges,
		.range_count = range_count,
		.streams = true,
		.read_fds = w->read_fds,
		.compare = w->compare,
		.sums = r->sums->fresh.sums ? &r->sums->fresh : NULL,
		.known = &r->sums->known.sums,
		.known_targets = w->known,
		.bind = bind_to,
		.threads = subject_threads(r->fs, r->opt->threads),
		.limit = r->opt->limit,
		.stop = r->opt->stop,
		.may_go_on = may_go_on,
		.progress = forward_progress,
		.cookie = w,
	};
	struct transfer_result here;
	int err = transfer_run(&req, &here);

	count(w, &here);
	if (!err)
		return 0;
	w->failed = here.failed_len && !here.read_failed ? (int)here.failed_target : -1;
	return trouble_of_copy(
		r->fs, &(struct trouble_side){ r->file->file_fd, source_id },
		&(struct trouble_side){ r->file->file_fd, r->ids[here.failed_target] }, &here, err);
}

/* All that is read from one mirror. */
static int copy_from(struct work *w, uint32_t source_id)
{
	CLEANUP_FREE struct piece_range *ranges = calloc(w->plan.count, sizeof(*ranges));
	const struct leased_resync *r = w->r;
	unsigned int n = 0;
	int err;

	if (!ranges)
		return fail(-ENOMEM, "no memory");
	for (unsigned int i = 0; i < w->plan.count; i++) {
		if (w->plan.ranges[i].source_id == source_id)
			ranges[n++] = w->plan.ranges[i].range;
	}
	fd_cleanup(&w->source_fd);
	w->source_fd = -1;
	err = r->fs->ops->mirror_open(r->fs, r->file->file_fd, source_id, O_RDONLY, &w->source_fd);
	return err ? err : copy_ranges(w, source_id, ranges, n);
}

static bool is_first_of_source(const struct resync_plan *plan, unsigned int number)
{
	for (unsigned int i = 0; i < number; i++) {
		if (plan->ranges[i].source_id == plan->ranges[number].source_id)
			return false;
	}
	return true;
}

static int copy(struct work *w)
{
	int err = 0;

	w->compare = is_compared(w);
	w->result->compared = w->compare;
	w->result->by_sums = all_known(w);
	w->result->passes = 1;
	for (unsigned int i = 0; i < w->plan.count && !err; i++) {
		if (is_first_of_source(&w->plan, i))
			err = copy_from(w, w->plan.ranges[i].source_id);
	}
	return err;
}

/* ---- finishing ---- */

/* Also where nothing was written: a mirror that is longer shows its old end. */
static int finish_mirror(const struct work *w, unsigned int target)
{
	const struct leased_resync *r = w->r;
	int err = bind_to(target, (void *)w);

	if (err)
		return err;
	err = sys_ftruncate(r->file->file_fd, (uint64_t)r->file->st.st_size);
	if (err)
		return fail_sys(err, "cannot set the size of mirror %" PRIu32 "%s", r->ids[target],
				trouble_hint(r->fs, r->file->file_fd, err));
	err = sys_fsync(r->file->file_fd);
	return err ? fail_sys(err, "cannot make mirror %" PRIu32 " durable%s", r->ids[target],
			      trouble_hint(r->fs, r->file->file_fd, err))
		   : 0;
}

/* The times are as they were before the mirrors were written. */
static int restore_times(const struct leased_resync *r)
{
	const struct timespec times[2] = { r->file->st.st_atim, r->file->st.st_mtim };
	int err = sys_futimens(r->file->file_fd, times);

	return err ? fail_sys(err, "cannot set its times") : 0;
}

static int finish(struct work *w)
{
	const struct leased_resync *r = w->r;
	int err = 0;

	for (unsigned int i = 0; i < r->count && !err; i++) {
		err = finish_mirror(w, i);
		w->failed = err ? (int)i : -1;
	}
	if (!err)
		err = r->fs->ops->mirror_bind(r->fs, r->file->file_fd, 0);
	/* Without it there may be a writer, and the times are the writer's. */
	if (!err)
		err = r->fs->ops->lease_check(r->fs, r->file->file_fd);
	if (!err)
		err = restore_times(r);
	if (!err && r->opt->stop && atomic_load(r->opt->stop))
		err = fail(-ECANCELED, "interrupted");
	return err ? err
		   : r->fs->ops->resync_done(r->fs, r->file->file_fd, w->plan.components,
					     w->plan.component_count);
}

/* ---- before ---- */

static bool all_stale(const struct layout *l, const uint32_t *ids, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		if (!mirror_wholly_stale(l, ids[i]))
			return false;
	}
	return true;
}

static int mark(struct fs *fs, int fd, const struct layout *l, const uint32_t *ids,
		unsigned int count)
{
	int err = 0;

	for (unsigned int i = 0; i < count && !err; i++) {
		if (!mirror_wholly_stale(l, ids[i]))
			err = fs->ops->component_flags(fs, fd, ids[i], COMP_STALE, 0);
	}
	return err;
}

/* And not only by what the layout says. */
static int check_readable(struct fs *fs, int fd, const struct layout *then, uint32_t source_id)
{
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	unsigned int count = mirror_ids(then, ids);
	int err = 0;

	if (source_id)
		return fs->ops->mirror_check(fs, fd, source_id, false);
	for (unsigned int i = 0; i < count; i++) {
		if (!mirror_usable(then, ids[i]))
			continue;
		err = fs->ops->mirror_check(fs, fd, ids[i], false);
		if (!err)
			return 0;
	}
	return err; /* 0: parts of several are in sync */
}

/* With these wholly stale, all that is to be written to them must still be read somewhere: or it is lost. */
static int check_sources(struct fs *fs, int fd, const uint32_t *ids, unsigned int count,
			 uint32_t source_id)
{
	CLEANUP_LAYOUT struct layout *now = NULL;
	CLEANUP_LAYOUT struct layout *then = NULL;
	struct resync_plan plan;
	struct stat st;
	int err = fs->ops->layout_get(fs, fd, &now);

	if (err)
		return err;
	if (sys_fstat(fd, &st))
		return fail(-EIO, "cannot read its attributes");
	then = layout_clone(now);
	if (!then)
		return fail(-ENOMEM, "no memory");
	for (unsigned int k = 0; k < count; k++)
		set_flag(then, ids[k], COMP_STALE);
	err = resync_plan_make(then, (uint64_t)st.st_size, ids, count, source_id, &plan);
	if (!err)
		resync_plan_release(&plan);
	return err ? err : check_readable(fs, fd, then, source_id);
}

/*
 * Under a lease: or somebody could begin to write to the one that is marked, and nothing would be in sync. It
 * can't be the resync's, which begins only where something is stale.
 */
int leased_make_stale(struct fs *fs, int fd, const struct layout *l, const uint32_t *ids,
		      unsigned int count, uint32_t source_id)
{
	char text[ERROR_TEXT_MAX];
	int err;

	if (all_stale(l, ids, count))
		return 0;
	err = fs->ops->lease_get(fs, fd);
	if (err)
		return err;
	err = check_sources(fs, fd, ids, count, source_id);
	if (!err)
		err = mark(fs, fd, l, ids, count);
	if (!err)
		err = fs->ops->lease_check(fs, fd);
	snprintf(text, sizeof(text), "%s", err ? error_text(err) : "");
	fs->ops->lease_put(fs, fd);
	return err ? fail(err, "%s", text) : 0;
}

/* ---- all of it ---- */

int leased_resync_run(const struct leased_resync *r, struct mirror_result *ret_result,
		      int *ret_failed)
{
	struct work w = { .r = r, .result = ret_result, .source_fd = -1, .failed = -1 };
	int err;

	for (unsigned int i = 0; i < LAYOUT_MIRRORS_MAX; i++)
		w.read_fds[i] = -1;
	err = prepare(&w);
	if (!err)
		err = check_sums(&w);
	if (!err)
		err = copy(&w);
	if (!err)
		err = finish(&w);
	fd_cleanup(&w.source_fd);
	for (unsigned int i = 0; i < LAYOUT_MIRRORS_MAX; i++)
		fd_cleanup(&w.read_fds[i]);
	resync_plan_release(&w.plan);
	*ret_failed = w.failed;
	if (err)
		return err;
	ret_result->mirrors = r->count;
	return 0;
}
