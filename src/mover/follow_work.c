/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/follow_work.h"

#include "base/checked.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"
#include "mover/fsyncs.h"
#include "mover/source_hole.h"
#include "mover/transfer.h"
#include "mover/trouble.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define BATCH_BYTES (256 * MIB) /* copied between two times that mirrors are made durable */
#define BATCH_SECONDS 1         /* the same where a limit makes that take long */

_Static_assert(LAYOUT_MIRRORS_MAX <= TRANSFER_TARGETS_MAX, "a target for each copy");
_Static_assert(LAYOUT_MIRRORS_MAX <= FSYNCS_MAX, "a bit for each copy");

void follow_work_init(struct follow_work *w, const struct follow_job *job)
{
	bool mirrors = job->begin.mirror_count > 0;

	w->job = job;
	w->result.failed_copy = -1;
	w->list_count = mirrors ? job->count : 1;
	for (unsigned int i = 0; i < job->count; i++) {
		w->fds[i] = mirrors ? -1 : job->copies[i].fd;
		w->lacks[i].mirror_id = job->copies[i].mirror_id;
		w->lists[i].targets = UINT32_C(1) << i;
	}
	if (!mirrors)
		w->lists[0].targets = (UINT32_C(1) << job->count) - 1;
}

void follow_work_release(struct follow_work *w)
{
	for (unsigned int i = 0; i < w->job->begin.mirror_count; i++)
		fd_cleanup(&w->fds[i]);
	free(w->copied);
}

/* ---- what is out of date ---- */

static bool stopped(const struct follow_work *w)
{
	return w->job->stop && atomic_load(w->job->stop);
}

static uint64_t times(uint64_t bytes, uint32_t targets)
{
	return bytes * (unsigned int)__builtin_popcount(targets);
}

uint64_t follow_work_pending(const struct follow_work *w)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < w->list_count; i++) {
		const struct changes *c = &w->lists[i];

		sum += times(add_sat_u64(changes_bytes(c), w->lacks[i].left), c->targets);
	}
	return sum;
}

/* What can't be done to copy `i`. */
static int copy_failed(struct follow_work *w, unsigned int i, int err, const char *what)
{
	const struct follow_job *job = w->job;
	uint32_t id = job->copies[i].mirror_id;
	char text[64];

	w->result.failed_copy = (int)i;
	if (id)
		snprintf(text, sizeof(text), "%s mirror %" PRIu32, what, id);
	else
		snprintf(text, sizeof(text), "%s the copy", what);
	return trouble_say(job->fs, w->fds[i], err, text);
}

static int cut(struct follow_work *w, uint32_t targets, uint64_t size_bytes)
{
	for (unsigned int i = 0; i < w->job->count; i++) {
		int err = targets & UINT32_C(1) << i ? sys_ftruncate(w->fds[i], size_bytes) : 0;

		if (err)
			return copy_failed(w, i, err, "cannot set the size of");
	}
	w->touched |= targets;
	return 0;
}

/* What is copied of a mirror needs no copying again only once it is durable and reported. */
static uint64_t batch_bytes(const struct follow_work *w)
{
	uint64_t rate = w->job->limit ? w->job->limit->bytes_per_s : 0;

	return rate && rate < BATCH_BYTES / BATCH_SECONDS ? MAX_OF(rate * BATCH_SECONDS, MIB)
							  : BATCH_BYTES;
}

/* What is taken at a time. A hole that goes on costs nothing to be copied. */
static int portion(struct follow_work *w, const struct lack *lack, uint64_t *ret_max_bytes)
{
	uint64_t end = lack->from;
	int err = lack->cut ? source_hole_end(w->job->read_fd, lack->from, w->job->stop, &end) : 0;

	if (err)
		return fail(err, "interrupted");
	*ret_max_bytes = add_sat_u64(batch_bytes(w), end - lack->from);
	return 0;
}

/* Takes the next changes of one list, which is empty. */
static int take(struct follow_work *w, unsigned int i)
{
	const struct follow_job *job = w->job;
	struct lack *lack = &w->lacks[i];
	struct changes *list = &w->lists[i];
	struct fs_changes taken;
	uint64_t max_bytes = 0;
	int err = portion(w, lack, &max_bytes);

	if (!err)
		err = job->fs->ops->follow_next(job->fs, job->source_fd, lack->mirror_id,
						lack->from, max_bytes, &taken);
	if (err)
		return err;
	if (!w->pass_end)
		w->pass_end = MAX_OF(taken.size_bytes, 1);
	changes_set(list, &taken);
	lack->cut = changes_bytes(list) >= max_bytes;
	lack->left = taken.left_bytes;
	lack->all_asked = taken.count == 0;
	if (taken.count == 0)
		return 0;
	lack->from = changes_end(list);
	/* Who appends all the time must not keep the pass from its end. */
	lack->all_asked = lack->from >= w->pass_end;
	for (unsigned int r = 0; r < taken.count && !err; r++) {
		if (taken.ranges[r].tail)
			err = cut(w, list->targets, taken.ranges[r].start);
	}
	return err;
}

int follow_work_take(struct follow_work *w)
{
	int err = 0;

	if (stopped(w))
		return fail(-ECANCELED, "interrupted");
	for (unsigned int i = 0; i < w->list_count && !err; i++) {
		if (changes_empty(&w->lists[i]) && !w->lacks[i].all_asked)
			err = take(w, i);
	}
	w->total_bytes =
		MAX_OF(w->total_bytes, add_sat_u64(w->result.copied_bytes, follow_work_pending(w)));
	return err;
}

bool follow_work_idle(const struct follow_work *w)
{
	for (unsigned int i = 0; i < w->list_count; i++) {
		if (!changes_empty(&w->lists[i]))
			return false;
	}
	return true;
}

int follow_work_look(struct follow_work *w)
{
	w->pass_end = 0;
	for (unsigned int i = 0; i < w->list_count; i++) {
		w->lacks[i].from = 0;
		w->lacks[i].all_asked = false;
		w->lacks[i].cut = false;
	}
	return follow_work_take(w);
}

/* ---- copying it ---- */

static void report(uint64_t done_bytes, void *cookie)
{
	const struct follow_work *w = cookie;
	uint64_t done = w->result.copied_bytes + done_bytes;

	if (w->job->progress)
		w->job->progress(done, MAX_OF(done, w->total_bytes), w->job->cookie);
}

static int transfer_failed(struct follow_work *w, const struct transfer_result *here, int err)
{
	const struct follow_job *job = w->job;
	unsigned int i = here->failed_target;

	if (err == -ECANCELED || err == -EAGAIN)
		return err;
	w->result.failed_copy = (int)i;
	return trouble_of_copy(
		job->fs, &(struct trouble_side){ job->read_fd, job->begin.source_id },
		&(struct trouble_side){ w->fds[i], job->copies[i].mirror_id }, here, err);
}

static int copy_pieces(struct follow_work *w, unsigned int count)
{
	const struct follow_job *job = w->job;
	struct transfer_request req = {
		.src_fd = job->read_fd,
		.target_fds = w->fds,
		.target_count = job->count,
		.ranges = w->pieces,
		.range_count = count,
		.may_shrink = true,
		.threads = job->threads,
		/* Nobody is to wait for a limit while he is held back. */
		.limit = w->hold.gid ? NULL : job->limit,
		.stop = job->stop,
		.progress = report,
		.cookie = w,
	};
	struct transfer_result moved;
	struct stat st;
	/* The kernel copies no more than it believes the source to have: let it know. */
	int err = sys_fstat(job->read_fd, &st);

	if (err)
		return trouble_say(job->fs, job->read_fd, err, "cannot read its attributes");
	for (unsigned int i = 0; i < count; i++)
		w->touched |= w->pieces[i].targets;
	err = transfer_run(&req, &moved);
	if (err)
		return transfer_failed(w, &moved, err);
	w->result.user_bytes += moved.user_bytes;
	w->result.hole_bytes += moved.hole_bytes;
	for (unsigned int i = 0; i < count; i++) {
		uint64_t len = times(w->pieces[i].end - w->pieces[i].start, w->pieces[i].targets);

		w->result.copied_bytes += len;
		w->unsettled_bytes += len;
	}
	return 0;
}

/* Ranges of mirrors that have been worked off: lists[i].ranges[first] up to its head. */
static int note_copied(struct follow_work *w, unsigned int i, unsigned int first)
{
	for (unsigned int r = first; r < w->lists[i].head && w->lacks[i].mirror_id; r++) {
		if (w->copied_count == w->copied_room) {
			size_t room = 2 * w->copied_room + FS_RANGES_MAX;
			void *grown = reallocarray(w->copied, room, sizeof(*w->copied));

			if (!grown)
				return fail(-ENOMEM, "no memory");
			w->copied = grown;
			w->copied_room = room;
		}
		w->copied[w->copied_count++] = (struct copied){ .mirror_id = w->lacks[i].mirror_id,
								.range = w->lists[i].ranges[r] };
	}
	return 0;
}

/* As far as all lists are known: what one of them doesn't say yet would have to be read again. */
static uint64_t horizon(const struct follow_work *w)
{
	uint64_t end = UINT64_MAX;

	for (unsigned int i = 0; i < w->list_count; i++) {
		if (!w->lacks[i].all_asked)
			end = MIN_OF(end, changes_end(&w->lists[i]));
	}
	return end;
}

int follow_work_copy(struct follow_work *w)
{
	unsigned int heads[LAYOUT_MIRRORS_MAX];
	unsigned int count;
	int err;

	for (unsigned int i = 0; i < w->list_count; i++)
		heads[i] = w->lists[i].head;
	count = changes_merge(w->lists, w->list_count, horizon(w), w->pieces);
	count = changes_join(w->pieces, count);
	err = count ? copy_pieces(w, count) : 0;
	for (unsigned int i = 0; i < w->list_count && !err; i++)
		err = note_copied(w, i, heads[i]);
	return err;
}

int follow_work_settle(struct follow_work *w)
{
	const struct follow_job *job = w->job;
	int err = job->check ? job->check(job->cookie) : 0;
	unsigned int failed;

	if (err)
		return err;
	err = fsyncs_run(w->fds, w->touched, &failed);
	if (err)
		return copy_failed(w, failed, err, "cannot make durable");
	w->touched = 0;
	w->unsettled_bytes = 0;
	for (size_t i = 0; i < w->copied_count && !err; i++)
		err = job->fs->ops->follow_copied(job->fs, job->source_fd, w->copied[i].mirror_id,
						  &w->copied[i].range);
	w->copied_count = 0;
	return err;
}

int follow_work_settle_batch(struct follow_work *w)
{
	if (w->job->begin.mirror_count == 0 || w->unsettled_bytes < batch_bytes(w))
		return 0;
	return follow_work_settle(w);
}

int follow_work_set_sizes(struct follow_work *w)
{
	struct stat file, copy;
	int err = sys_fstat(w->job->source_fd, &file);

	if (err)
		return trouble_say(w->job->fs, w->job->source_fd, err,
				   "cannot read its attributes");
	for (unsigned int i = 0; i < w->job->count && !err; i++) {
		err = sys_fstat(w->fds[i], &copy);
		if (err)
			return copy_failed(w, i, err, "cannot read the attributes of");
		if (copy.st_size != file.st_size)
			err = cut(w, UINT32_C(1) << i, (uint64_t)file.st_size);
	}
	return err;
}
