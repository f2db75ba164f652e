/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/mirror_leased.h"

#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"
#include "io/holes.h"
#include "layout/mirror.h"
#include "mover/transfer.h"
#include "mover/trouble.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

/* A mirror that has data already is compared from this size on, if nobody says otherwise: then reading
 * what is there costs less than writing what needn't be. */
#define COMPARE_MIN_BYTES (64 * MIB)

struct work {
	const struct leased_resync *r;
	struct mirror_result *result;
	struct layout *layout;            /* owned: under the lease */
	int source_fd;                    /* owned */
	int fds[LAYOUT_MIRRORS_MAX];      /* the lease's descriptor, for each mirror */
	int read_fds[LAYOUT_MIRRORS_MAX]; /* owned: the mirrors as they are */
	struct piece_range *ranges;       /* owned */
	unsigned int range_count;
	uint32_t *components; /* owned: ids of the stale ones that are brought up */
	unsigned int component_count;
};

/* ---- what is to be copied ---- */

static int number_of(const struct work *w, uint32_t mirror_id)
{
	for (unsigned int i = 0; i < w->r->count; i++) {
		if (w->r->ids[i] == mirror_id)
			return (int)i;
	}
	return -1;
}

/* The bits of the mirrors that have a stale component at `offset`. */
static uint32_t targets_at(const struct work *w, uint64_t offset)
{
	const struct layout *l = w->layout;
	uint32_t targets = 0;

	for (uint32_t i = 0; i < l->count; i++) {
		int number = number_of(w, mirror_id_at(l, i));

		if (number >= 0 && l->comps[i].flags & COMP_STALE && l->comps[i].start <= offset &&
		    offset < l->comps[i].end)
			targets |= UINT32_C(1) << number;
	}
	return targets;
}

/* Where the answer of targets_at() may next be another one. */
static uint64_t next_border(const struct work *w, uint64_t offset)
{
	const struct layout *l = w->layout;
	uint64_t next = (uint64_t)w->r->file->st.st_size;

	for (uint32_t i = 0; i < l->count; i++) {
		if (l->comps[i].start > offset)
			next = MIN_OF(next, l->comps[i].start);
		if (l->comps[i].end > offset)
			next = MIN_OF(next, l->comps[i].end);
	}
	return next;
}

/* What isn't stale isn't touched, also of a mirror that is stale elsewhere. */
static int find_ranges(struct work *w)
{
	uint64_t size = (uint64_t)w->r->file->st.st_size;

	w->ranges = calloc((size_t)2 * w->layout->count + 1, sizeof(*w->ranges));
	if (!w->ranges)
		return fail(-ENOMEM, "no memory");
	for (uint64_t pos = 0; pos < size;) {
		struct piece_range range = { .start = pos,
					     .end = next_border(w, pos),
					     .targets = targets_at(w, pos) };

		if (range.targets)
			w->ranges[w->range_count++] = range;
		pos = range.end;
	}
	return 0;
}

static int find_components(struct work *w)
{
	const struct layout *l = w->layout;

	w->components = calloc(l->count + 1, sizeof(*w->components));
	if (!w->components)
		return fail(-ENOMEM, "no memory");
	for (unsigned int i = 0; i < w->r->count; i++)
		w->component_count += mirror_stale_components(l, w->r->ids[i],
							      w->components + w->component_count);
	return w->component_count ? 0 : fail(-EAGAIN, "its mirrors have changed meanwhile");
}

/* One that is in sync as a whole; 0 where none is: then the file system finds it for each component. */
static uint32_t choose_source(const struct work *w)
{
	uint32_t ids[LAYOUT_MIRRORS_MAX], best = 0;
	unsigned int count = mirror_ids(w->layout, ids);

	for (unsigned int i = 0; i < count; i++) {
		bool preferred = mirror_flags(w->layout, ids[i]) & COMP_PREFER_READ;

		if (mirror_usable(w->layout, ids[i]) && (!best || preferred))
			best = ids[i];
	}
	return best;
}

static int open_mirrors(struct work *w)
{
	const struct leased_resync *r = w->r;
	uint32_t source_id = r->source_id ? r->source_id : choose_source(w);
	int fd = r->file->file_fd, err;

	if (source_id && !mirror_usable(w->layout, source_id))
		return fail(-EAGAIN, "mirror %" PRIu32 " has become stale: the file was written",
			    source_id);
	err = r->fs->ops->mirror_open(r->fs, fd, source_id, O_RDONLY, &w->source_fd);

	for (unsigned int i = 0; i < r->count && !err; i++) {
		w->fds[i] = fd;
		err = r->fs->ops->mirror_open(r->fs, fd, r->ids[i], O_RDONLY, &w->read_fds[i]);
	}
	return err;
}

static int prepare(struct work *w)
{
	const struct leased_resync *r = w->r;
	int err = r->fs->ops->layout_get(r->fs, r->file->file_fd, &w->layout);

	if (!err && sys_fstat(r->file->file_fd, &r->file->st))
		err = fail(-EIO, "cannot read its attributes");
	if (!err)
		err = find_components(w);
	if (!err)
		err = find_ranges(w);
	return err ? err : open_mirrors(w);
}

/* Whether any of the mirrors has data that may be what it should be. */
static bool has_data(const struct work *w)
{
	uint64_t size = (uint64_t)w->r->file->st.st_size, next;

	for (unsigned int i = 0; i < w->r->count; i++) {
		bool hole;

		if (!holes_at(w->read_fds[i], 0, size, &hole, &next) && (!hole || next < size))
			return true;
	}
	return false;
}

static bool is_compared(const struct work *w)
{
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

	for (unsigned int i = 0; i < w->range_count; i++)
		sum += (w->ranges[i].end - w->ranges[i].start) *
		       (unsigned int)__builtin_popcount(w->ranges[i].targets);
	return sum;
}

static void forward_progress(uint64_t done_bytes, void *cookie)
{
	const struct work *w = cookie;

	if (w->r->opt->progress)
		w->r->opt->progress(done_bytes, total_bytes(w), w->r->opt->cookie);
}

static int copy(struct work *w)
{
	const struct leased_resync *r = w->r;
	const struct transfer_request req = {
		.src_fd = w->source_fd,
		.target_fds = w->fds,
		.target_count = r->count,
		.ranges = w->ranges,
		.range_count = w->range_count,
		.streams = true,
		.read_fds = w->read_fds,
		.compare = is_compared(w),
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

	w->result->compared = req.compare;
	w->result->copied_bytes = here.user_bytes;
	w->result->moved.user_bytes = here.user_bytes;
	w->result->moved.direct_bytes = here.direct_bytes;
	w->result->moved.hole_bytes = here.hole_bytes;
	w->result->passes = 1;
	return trouble_explain(r->fs, r->file->file_fd, r->ids[here.failed_target], &here, err);
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
				trouble_hint(r->fs, err));
	err = sys_fsync(r->file->file_fd);
	return err ? fail_sys(err, "cannot make mirror %" PRIu32 " durable%s", r->ids[target],
			      trouble_hint(r->fs, err))
		   : 0;
}

/* The times are as they were before the mirrors were written. */
static int restore_times(const struct leased_resync *r)
{
	const struct timespec times[2] = { r->file->st.st_atim, r->file->st.st_mtim };
	int err = sys_futimens(r->file->file_fd, times);

	return err ? fail_sys(err, "cannot set its times") : 0;
}

static int finish(const struct work *w)
{
	const struct leased_resync *r = w->r;
	int err = 0;

	for (unsigned int i = 0; i < r->count && !err; i++)
		err = finish_mirror(w, i);
	if (!err)
		err = r->fs->ops->mirror_bind(r->fs, r->file->file_fd, 0);
	if (!err)
		err = restore_times(r);
	if (!err)
		err = r->fs->ops->lease_check(r->fs, r->file->file_fd);
	if (!err && r->opt->stop && atomic_load(r->opt->stop))
		err = fail(-ECANCELED, "interrupted");
	return err ? err
		   : r->fs->ops->resync_done(r->fs, r->file->file_fd, w->components,
					     w->component_count);
}

/* ---- before ---- */

static bool all_stale(const struct layout *l, const uint32_t *ids, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		if (!(mirror_flags(l, ids[i]) & COMP_STALE))
			return false;
	}
	return true;
}

/* A lease to look whether the resync's could be had: that one begins only where something is stale. */
int leased_make_stale(struct fs *fs, int fd, const struct layout *l, const uint32_t *ids,
		      unsigned int count)
{
	int err;

	if (all_stale(l, ids, count))
		return 0;
	err = fs->ops->lease_get(fs, fd);
	if (err)
		return err;
	fs->ops->lease_put(fs, fd);
	for (unsigned int i = 0; i < count && !err; i++) {
		if (!(mirror_flags(l, ids[i]) & COMP_STALE))
			err = fs->ops->component_flags(fs, fd, ids[i], COMP_STALE, 0);
	}
	return err;
}

/* ---- all of it ---- */

int leased_resync_run(const struct leased_resync *r, struct mirror_result *ret_result)
{
	struct work w = { .r = r, .result = ret_result, .source_fd = -1 };
	int err;

	for (unsigned int i = 0; i < LAYOUT_MIRRORS_MAX; i++)
		w.read_fds[i] = -1;
	err = prepare(&w);
	if (!err)
		err = copy(&w);
	if (!err)
		err = finish(&w);
	fd_cleanup(&w.source_fd);
	for (unsigned int i = 0; i < LAYOUT_MIRRORS_MAX; i++)
		fd_cleanup(&w.read_fds[i]);
	layout_unref(w.layout);
	free(w.ranges);
	free(w.components);
	if (err)
		return err;
	ret_result->mirrors = r->count;
	return 0;
}
