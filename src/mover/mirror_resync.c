/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/clock.h"
#include "base/error.h"
#include "base/sys.h"
#include "layout/mirror.h"
#include "mover/follow.h"
#include "mover/mirror_leased.h"
#include "mover/mirror_verbs.h"
#include "mover/moved.h"
#include "mover/subject.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct resync {
	struct fs *fs;
	const struct mirror_resync_what *what;
	const struct mirror_options *opt;
	struct subject file;
	struct layout *layout;            /* owned: when it was chosen what to do */
	uint32_t ids[LAYOUT_MIRRORS_MAX]; /* to be brought up */
	unsigned int count;
	int source_fd; /* owned: of what.source_id; -1: any mirror is read */
};

/* ---- which mirrors ---- */

static bool is_named(const struct mirror_resync_what *what, uint32_t id)
{
	for (unsigned int i = 0; i < what->only_count; i++) {
		if (what->only_ids[i] == id)
			return true;
	}
	return false;
}

static int check_named(const struct resync *r)
{
	const struct mirror_resync_what *what = r->what;

	for (unsigned int i = 0; i < what->only_count; i++) {
		uint32_t id = what->only_ids[i];

		if (!mirror_exists(r->layout, id))
			return fail(-ENOENT, "has no mirror %" PRIu32, id);
		for (unsigned int k = 0; k < i; k++) {
			if (what->only_ids[k] == id)
				return fail(-EINVAL, "mirror %" PRIu32 " is named twice", id);
		}
		if (id == what->source_id)
			return fail(-EINVAL, "mirror %" PRIu32 " can't be copied to itself", id);
	}
	if (!what->source_id)
		return 0;
	if (!mirror_exists(r->layout, what->source_id))
		return fail(-ENOENT, "has no mirror %" PRIu32, what->source_id);
	if (!mirror_usable(r->layout, what->source_id))
		return fail(-EINVAL, "mirror %" PRIu32 " is stale or offline: it can't be read",
			    what->source_id);
	return 0;
}

/* Of those in sync the one that stays so when all are to be copied: best one that isn't named. */
static uint32_t choose_kept(const struct resync *r, const uint32_t *ids, unsigned int count)
{
	uint32_t best = 0;
	int best_points = -1;

	for (unsigned int i = 0; i < count; i++) {
		int points = is_named(r->what, ids[i]) ? 0 : 2;

		if (!mirror_usable(r->layout, ids[i]))
			continue;
		points += mirror_flags(r->layout, ids[i]) & COMP_PREFER_READ ? 1 : 0;
		if (points > best_points) {
			best = ids[i];
			best_points = points;
		}
	}
	return best;
}

static bool is_wanted(const struct resync *r, uint32_t id)
{
	uint32_t flags = mirror_flags(r->layout, id);

	if (r->what->only_count ? !is_named(r->what, id) : flags & (COMP_NOSYNC | COMP_OFFLINE))
		return false;
	return r->what->force || flags & COMP_STALE;
}

static int choose(struct resync *r)
{
	uint32_t ids[LAYOUT_MIRRORS_MAX], kept = r->what->source_id;
	unsigned int count;
	int err = subject_mirrors(r->fs, &r->file, &r->layout);

	if (!err)
		err = check_named(r);
	if (err)
		return err;
	count = mirror_ids(r->layout, ids);
	if (!kept && r->what->force)
		kept = choose_kept(r, ids, count);
	for (unsigned int i = 0; i < count; i++) {
		if (ids[i] != kept && is_wanted(r, ids[i]))
			r->ids[r->count++] = ids[i];
	}
	return 0;
}

/* ---- copying ---- */

/* A mirror that is read by itself must have been in sync all the time: a write that went to another
 * one would be missed. */
static int check_source(void *cookie)
{
	const struct resync *r = cookie;
	CLEANUP_LAYOUT struct layout *now = NULL;
	int err;

	if (r->source_fd < 0)
		return 0;
	err = r->fs->ops->layout_get(r->fs, r->file.source_fd, &now);
	if (err || mirror_usable(now, r->what->source_id))
		return err;
	return fail(-EAGAIN,
		    "mirror %" PRIu32
		    ", from which is copied, is out of date: the file was written",
		    r->what->source_id);
}

static int commit(void *cookie, uint64_t file_version UNUSED)
{
	const struct resync *r = cookie;

	return r->fs->ops->mirrors_synced(r->fs, r->file.source_fd, r->ids, r->count);
}

static void forward_progress(uint64_t done_bytes, uint64_t total_bytes, void *cookie)
{
	const struct resync *r = cookie;

	if (r->opt->progress)
		r->opt->progress(done_bytes, total_bytes, r->opt->cookie);
}

static int bring_up(struct resync *r, struct mirror_result *result)
{
	struct follow_copy copies[LAYOUT_MIRRORS_MAX];
	struct follow_job job = {
		.fs = r->fs,
		.source_fd = r->file.source_fd,
		.read_fd = r->source_fd >= 0 ? r->source_fd : r->file.source_fd,
		.copies = copies,
		.count = r->count,
		.begin = { .mirror_ids = r->ids,
			   .mirror_count = r->count,
			   .whole = r->what->force,
			   .make_stale = r->what->force },
		.threads = subject_threads(r->fs, r->opt->threads),
		.limit = r->opt->limit,
		.stop = r->opt->stop,
		.check = check_source,
		.commit = commit,
		.progress = forward_progress,
		.cookie = r,
	};
	struct fs_moved before = moved_now(r->fs, r->file.source_fd);
	struct follow_result followed;
	int err;

	for (unsigned int i = 0; i < r->count; i++)
		copies[i] = (struct follow_copy){ .mirror_id = r->ids[i], .fd = -1 };
	err = follow_run(&job, &followed);
	if (err)
		return err;
	moved_add_since(r->fs, r->file.source_fd, &before, &result->moved);
	result->moved.user_bytes += followed.user_bytes;
	result->copied_bytes = followed.copied_bytes;
	result->held_ns = followed.held_ns;
	result->passes = followed.passes;
	result->mirrors = r->count;
	return 0;
}

/* ---- under a lease ---- */

static int run_leased(struct resync *r, struct mirror_result *result)
{
	const struct leased_resync leased = {
		.fs = r->fs,
		.opt = r->opt,
		.file = &r->file,
		.ids = r->ids,
		.count = r->count,
		.source_id = r->what->source_id,
		.compare = r->what->compare,
	};
	char text[ERROR_TEXT_MAX];
	int err = leased_resync_run(&leased, result);

	if (!err)
		return 0;
	snprintf(text, sizeof(text), "%s", error_text(err));
	r->fs->ops->lease_put(r->fs, r->file.file_fd);
	return fail(err, "%s", text);
}

static int resync_leased(struct resync *r, struct mirror_result *result)
{
	int err = subject_open_for_writing(r->fs, &r->file);

	if (!err && r->what->force)
		err = leased_make_stale(r->fs, r->file.file_fd, r->layout, r->ids, r->count,
					r->what->source_id);
	if (!err)
		err = r->fs->ops->resync_begin(r->fs, r->file.file_fd);
	if (err == -EALREADY) /* another has done it meanwhile */
		return 0;
	return err ? err : run_leased(r, result);
}

/* ---- all of it ---- */

static int resync_live(struct resync *r, struct mirror_result *result)
{
	int err = subject_leave_file(r->fs, &r->file);

	if (!err && r->what->source_id)
		err = r->fs->ops->mirror_open(r->fs, r->file.source_fd, r->what->source_id,
					      O_RDONLY, &r->source_fd);
	return err ? err : bring_up(r, result);
}

static int resync(struct resync *r, struct mirror_result *result)
{
	int err = choose(r);

	if (err || r->count == 0)
		return err;
	return fs_can_follow(r->fs) ? resync_live(r, result) : resync_leased(r, result);
}

int mirror_resync(struct fs *fs, const char *path, const struct mirror_resync_what *what,
		  const struct mirror_options *opt, struct mirror_result *ret_result)
{
	struct resync r = {
		.fs = fs, .what = what, .opt = opt, .file = SUBJECT_INIT, .source_fd = -1
	};
	struct mirror_result result = { 0 };
	uint64_t begin = clock_now_ns();
	int err = subject_open(fs, path, O_RDONLY, "resync", &r.file);

	if (err)
		return err;
	result.size_bytes = (uint64_t)r.file.st.st_size;
	err = resync(&r, &result);
	result.elapsed_ns = clock_now_ns() - begin;
	fd_cleanup(&r.source_fd);
	subject_close(&r.file);
	layout_unref(r.layout);
	if (!err)
		*ret_result = result;
	return err;
}
