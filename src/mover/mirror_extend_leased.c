/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/mirror_leased.h"

#include "base/error.h"
#include "base/sys.h"
#include "layout/layout.h"
#include "mover/fsyncs.h"
#include "mover/moved.h"
#include "mover/transfer.h"
#include "mover/trouble.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

struct state {
	const struct leased_extend *e;
	struct mirror_result *result;
	unsigned int merged; /* victims, from the first on */
	bool copied;         /* the others are as the file was when `known` was made */
	uint64_t known[LAYOUT_MIRRORS_MAX + 1]; /* data versions of mirrors with that data */
	unsigned int known_count;
	uint64_t version; /* under this lease */
};

/* ---- copying ---- */

static int may_go_on(void *cookie)
{
	const struct state *s = cookie;

	return s->e->fs->ops->lease_check(s->e->fs, s->e->file->file_fd);
}

static void forward_progress(uint64_t done_bytes, void *cookie)
{
	const struct state *s = cookie;
	uint64_t total = (uint64_t)s->e->file->st.st_size * (s->e->count - s->merged);

	if (s->e->opt->progress)
		s->e->opt->progress(done_bytes, total, s->e->opt->cookie);
}

/* A bit for each. */
static uint32_t all_of(unsigned int victims)
{
	return (UINT32_C(1) << victims) - 1;
}

/* So many that each victim is written as often at the same time as if it were the only one: of the streams for
 * one, half write while the others read. */
static unsigned int threads_for(const struct leased_extend *e, unsigned int victims)
{
	if (e->opt->threads)
		return e->opt->threads;
	return MIN_OF(e->fs->copy_threads * (victims + 1) / 2, TRANSFER_THREADS_MAX);
}

static int transfer(struct state *s)
{
	const struct leased_extend *e = s->e;
	unsigned int count = e->count - s->merged;
	const struct piece_range all = { .end = (uint64_t)e->file->st.st_size,
					 .targets = all_of(count) };
	struct transfer_request req = {
		.src_fd = e->file->file_fd,
		.target_fds = e->victim_fds + s->merged,
		.target_count = count,
		.ranges = &all,
		.range_count = 1,
		.streams = e->fs->copying == FS_COPYING_STREAMS,
		.fresh = true,
		.threads = threads_for(e, count),
		.limit = e->opt->limit,
		.stop = e->opt->stop,
		.may_go_on = may_go_on,
		.progress = forward_progress,
		.cookie = s,
	};
	struct transfer_result here;
	int err;

	sums_keep_begin(e->sums, NULL, all.end);
	req.sums = e->sums->fresh.sums ? &e->sums->fresh : NULL;
	err = transfer_run(&req, &here);

	s->result->copied_bytes += here.user_bytes + here.hole_bytes;
	moved_add_here(&s->result->moved, &here);
	s->result->passes++;
	return trouble_of_copy(e->fs, &(struct trouble_side){ .fd = e->file->file_fd },
			       &(struct trouble_side){ .fd = req.target_fds[here.failed_target] },
			       &here, err);
}

/* What was copied before is out of date: as a new file it is copied again. */
static int empty_victims(const struct state *s)
{
	for (unsigned int i = s->merged; i < s->e->count; i++) {
		int err = sys_ftruncate(s->e->victim_fds[i], 0);

		if (err)
			return fail_sys(err, "cannot empty the copy");
	}
	return 0;
}

static int finish_victims(const struct state *s)
{
	const struct leased_extend *e = s->e;
	const int *fds = e->victim_fds + s->merged;
	unsigned int count = e->count - s->merged, failed;
	int err = 0;

	for (unsigned int i = 0; i < count && !err; i++)
		err = subject_size_victim(e->fs, &e->file->st, fds[i]);
	if (err)
		return err;
	err = fsyncs_run(fds, all_of(count), &failed);
	return err ? trouble_say(e->fs, fds[failed], err, "cannot make the copy durable") : 0;
}

static bool is_known(const struct state *s)
{
	for (unsigned int i = 0; i < s->known_count; i++) {
		if (s->known[i] == s->version)
			return true;
	}
	return false;
}

/* Under the lease. Does nothing where the copies are still good. */
static int bring_up(struct state *s)
{
	const struct leased_extend *e = s->e;
	int err = e->fs->ops->data_version(e->fs, e->file->file_fd, false, &s->version);

	if (err || (s->copied && is_known(s)))
		return err;
	if (s->copied)
		err = empty_victims(s);
	s->copied = false;
	if (!err && sys_fstat(e->file->file_fd, &e->file->st))
		err = fail(-EIO, "cannot read its attributes");
	if (!err)
		err = transfer(s);
	if (!err)
		err = finish_victims(s);
	s->copied = !err;
	s->known[0] = s->version;
	s->known_count = 1;
	return err;
}

/* ---- merging ---- */

static int still_the_same(const struct state *s)
{
	const struct leased_extend *e = s->e;
	uint64_t version;
	int err = e->fs->ops->data_version(e->fs, e->file->file_fd, false, &version);

	if (!err && version != s->version)
		err = fail(-EAGAIN, "its data changed during the copy");
	return err ? err : e->fs->ops->lease_check(e->fs, e->file->file_fd);
}

/* The times are the file's again: the copying has changed the victim's. */
static int merge_next(struct state *s)
{
	const struct leased_extend *e = s->e;
	uint64_t victim_version;
	struct fs_merge req = {
		.victim_fds = e->victim_fds + s->merged,
		.victim_versions = &victim_version,
		.victim_count = 1,
		.file_version = s->version,
		.close_lease = true,
	};
	int err = subject_seal_victim(e->fs, &e->file->st, req.victim_fds[0], &victim_version);

	if (!err)
		err = still_the_same(s);
	if (!err && e->opt->stop && atomic_load(e->opt->stop))
		err = fail(-ECANCELED, "interrupted");
	if (!err)
		err = e->fs->ops->merge(e->fs, e->file->file_fd, &req);
	if (err)
		return err;
	s->merged++;
	s->known[s->known_count++] = victim_version;
	return 0;
}

/* One lease: for what is to be copied, and for one merge. */
static int one_lease(struct state *s)
{
	const struct leased_extend *e = s->e;
	char text[ERROR_TEXT_MAX];
	int err = e->fs->ops->lease_get(e->fs, e->file->file_fd);

	if (err)
		return err;
	err = bring_up(s);
	if (!err)
		err = merge_next(s);
	if (!err)
		return 0;
	snprintf(text, sizeof(text), "%s", error_text(err));
	e->fs->ops->lease_put(e->fs, e->file->file_fd);
	return fail(err, "%s", text);
}

int leased_extend_run(const struct leased_extend *e, struct mirror_result *ret_result)
{
	struct state s = { .e = e, .result = ret_result };
	char why[ERROR_TEXT_MAX];
	int err = 0;

	while (s.merged < e->count && !err)
		err = one_lease(&s);
	ret_result->mirrors = s.merged;
	ret_result->size_bytes = (uint64_t)e->file->st.st_size;
	if (!err || s.merged == 0)
		return err;
	snprintf(why, sizeof(why), "%s", error_text(err));
	return fail(err, "%u of %u mirrors were added: %.400s", s.merged, e->count, why);
}
