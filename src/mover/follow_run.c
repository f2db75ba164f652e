/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/follow.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/units.h"
#include "mover/follow_work.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#define HELD_MAX_NS (60 * NS_PER_MS)
#define LOCK_WAIT_NS (2 * NS_PER_S) /* for another's group lock */

/* After a look. */
static bool is_much(struct follow_work *w)
{
	w->behind_bytes = follow_work_pending(w);
	return w->behind_bytes > w->last_bytes;
}

/* What was taken, and what is found behind it. */
static int pass_copy(struct follow_work *w)
{
	int err = 0;

	while (!err && !follow_work_idle(w)) {
		err = follow_work_copy(w);
		if (!err)
			err = follow_work_settle_batch(w);
		if (!err)
			err = follow_work_take(w);
	}
	return err;
}

/* ---- the last step, with writers held back ---- */

static bool held_too_long(const struct follow_work *w)
{
	return clock_now_ns() - w->hold.since_ns > HELD_MAX_NS;
}

/* *ret_more: too much is out of date to let writers wait for it. */
static int catch_up(struct follow_work *w, bool *ret_more)
{
	int err = follow_work_look(w);

	if (err)
		return err;
	*ret_more = is_much(w);
	if (*ret_more)
		return 0;
	err = pass_copy(w);
	if (!err)
		err = follow_work_set_sizes(w);
	return err ? err : follow_work_settle(w);
}

/* The version first: whatever changes after it is seen by the commit. */
static int attempt(struct follow_work *w, bool *ret_more, bool *ret_done)
{
	const struct follow_job *job = w->job;
	uint64_t version;
	int err = job->fs->ops->data_version(job->fs, job->source_fd, true, &version);

	if (!err)
		err = catch_up(w, ret_more);
	if (err || *ret_more)
		return err;
	err = job->commit(job->cookie, version);
	*ret_done = !err;
	return err == -EAGAIN ? 0 : err;
}

static int last_step(struct follow_work *w, bool *ret_done)
{
	const struct follow_job *job = w->job;
	bool more = false;
	uint64_t held_ns;
	int err = hold_writers(job->fs, job->source_fd, LOCK_WAIT_NS, job->stop, &w->hold);

	for (int i = 0; i < FOLLOW_COMMITS_MAX && !err && !more && !*ret_done; i++) {
		if (i && held_too_long(w))
			break;
		err = attempt(w, &more, ret_done);
	}
	held_ns = hold_release(job->fs, job->source_fd, &w->hold);
	w->result.held_ns = MAX_OF(w->result.held_ns, held_ns);
	return err;
}

/* ---- all of it ---- */

/* Once a look finds little, and that is copied and durable, what is left after that is less still. */
static int one_pass(struct follow_work *w, bool *ret_done)
{
	bool much;
	int err = follow_work_look(w);

	if (err)
		return err;
	much = is_much(w);
	w->result.passes += !follow_work_idle(w);
	err = pass_copy(w);
	if (!err)
		err = follow_work_settle(w);
	return err || much ? err : last_step(w, ret_done);
}

/* The last step keeps no limit: where there is one, little must be left for it. */
static uint64_t last_bytes(const struct follow_job *job, unsigned int pass)
{
	unsigned int half = FOLLOW_PASSES_MAX / 2;
	bool limited = job->limit && job->limit->bytes_per_s;

	if (limited || pass < half)
		return FOLLOW_LAST_BYTES;
	return MIN_OF((uint64_t)FOLLOW_LAST_BYTES << (pass - half + 1), FOLLOW_LAST_BYTES_MAX);
}

static int all_passes(struct follow_work *w)
{
	bool done = false;
	int err = 0;

	for (unsigned int pass = 0; pass < FOLLOW_PASSES_MAX && !err && !done; pass++) {
		w->last_bytes = last_bytes(w->job, pass);
		err = one_pass(w, &done);
	}
	if (err || done)
		return err;
	return fail(-EAGAIN,
		    "writers change it faster than it is copied: %" PRIu64
		    " MiB are still out of date",
		    (w->behind_bytes + MIB - 1) / MIB);
}

/* Mirrors can be written once they are followed. */
static int begin(struct follow_work *w)
{
	const struct follow_job *job = w->job;
	struct fs *fs = job->fs;
	int err = fs->ops->follow_begin(fs, job->source_fd, &job->begin);

	if (err)
		return err;
	w->following = true;
	for (unsigned int i = 0; i < job->begin.mirror_count && !err; i++) {
		err = fs->ops->mirror_open(fs, job->source_fd, job->copies[i].mirror_id, O_RDWR,
					   &w->fds[i]);
		if (err)
			w->result.failed_copy = (int)i;
	}
	return err;
}

static void end(struct follow_work *w)
{
	bool following = w->following;

	follow_work_release(w);
	if (following)
		w->job->fs->ops->follow_end(w->job->fs, w->job->source_fd);
}

int follow_run(const struct follow_job *job, struct follow_result *ret_result)
{
	CLEANUP_FREE struct follow_work *w = calloc(1, sizeof(*w));
	char text[ERROR_TEXT_MAX];
	int err;

	*ret_result = (struct follow_result){ .failed_copy = -1 };
	if (!w)
		return fail(-ENOMEM, "no memory");
	follow_work_init(w, job);
	err = begin(w);
	if (!err)
		err = all_passes(w);
	if (err)
		snprintf(text, sizeof(text), "%s", error_text(err));
	end(w);
	*ret_result = w->result;
	return err ? fail(err, "%s", text) : 0;
}
