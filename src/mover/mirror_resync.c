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
	unsigned int wanted;      /* as many they were at first */
	int err;                  /* of the first of those that were left out */
	char why[ERROR_TEXT_MAX]; /* of all of them */
	int source_fd;            /* owned: of what.source_id; -1: any mirror is read */
	struct sums_keep sums;
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

/* Of those in sync that can be read the one that stays so when all are to be copied: best one that isn't named. */
static int choose_kept(const struct resync *r, const uint32_t *ids, unsigned int count,
		       uint32_t *ret_id)
{
	int best_points = -1, why = 0;

	for (unsigned int i = 0; i < count; i++) {
		int points = is_named(r->what, ids[i]) ? 0 : 2, err;

		if (!mirror_usable(r->layout, ids[i]))
			continue;
		points += mirror_flags(r->layout, ids[i]) & COMP_PREFER_READ ? 1 : 0;
		if (points <= best_points)
			continue;
		err = r->fs->ops->mirror_check(r->fs, r->file.file_fd, ids[i], false);
		if (err) {
			why = err;
			continue;
		}
		*ret_id = ids[i];
		best_points = points;
	}
	/* The layout may say that none is in sync: then that is for the file system to refuse. */
	return best_points < 0 ? why : 0;
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
		err = choose_kept(r, ids, count, &kept);
	for (unsigned int i = 0; i < count && !err; i++) {
		if (ids[i] != kept && is_wanted(r, ids[i]))
			r->ids[r->count++] = ids[i];
	}
	r->wanted = r->count;
	return err;
}

/* ---- those that can't be brought up: the others are ---- */

/* Leaves number `i` out, which failed with err. Returns err. */
static int leave_out(struct resync *r, unsigned int i, int err)
{
	char why[ERROR_TEXT_MAX], name[32];
	size_t used = strlen(r->why);

	snprintf(why, sizeof(why), "%s", error_text(err));
	snprintf(name, sizeof(name), "mirror %" PRIu32, r->ids[i]);
	snprintf(r->why + used, sizeof(r->why) - used, "%s%s%s%.250s", used ? "; " : "",
		 strstr(why, name) ? "" : name, strstr(why, name) ? "" : ": ", why);
	r->err = r->err ? r->err : err;
	r->count--;
	memmove(&r->ids[i], &r->ids[i + 1], (r->count - i) * sizeof(r->ids[0]));
	return fail(err, "%s", why);
}

/* Before anything is marked: those whose OSTs are away stay as they are. Whether one of them was left out. */
static bool leave_out_unreachable(struct resync *r, int fd)
{
	unsigned int before = r->count;

	for (unsigned int i = r->count; i-- > 0;) {
		int err = r->fs->ops->mirror_check(r->fs, fd, r->ids[i], true);

		if (err)
			leave_out(r, i, err);
	}
	return r->count < before;
}

/* Not what concerns all of them: somebody is in the way, or wants it to end. */
static bool is_of_one(int err)
{
	switch (err) {
	case -ECANCELED:
	case -EAGAIN:
	case -EBUSY:
	case -ESTALE:
	case -ENOMEM:
	case -ENOTCONN:
	case -ECONNABORTED:
		return false;
	}
	return true;
}

/* A copy to `failed` (-1: not known) failed with err: whether the others are worth another attempt. */
static bool go_on_without(struct resync *r, int fd, int failed, int err)
{
	char why[ERROR_TEXT_MAX];
	int source_err;

	if (!is_of_one(err) || r->count < 2)
		return false;
	snprintf(why, sizeof(why), "%s", error_text(err));
	/* Of the source: then it is no mirror's fault that is written, and all would fail. */
	source_err = r->fs->ops->mirror_check(r->fs, fd, r->what->source_id, false);
	if (!source_err && failed < 0 && leave_out_unreachable(r, fd))
		return r->count > 0;
	fail(err, "%s", why);
	if (source_err || failed < 0)
		return false;
	leave_out(r, (unsigned int)failed, err);
	return true;
}

/* What is to be said when it is over, with those that were left out on the way. */
static int outcome(const struct resync *r, int err, struct mirror_result *result)
{
	char why[ERROR_TEXT_MAX];

	if (!r->err)
		return err;
	if (err) {
		snprintf(why, sizeof(why), "%s", error_text(err));
		return fail(err, "%.250s; %.250s", why, r->why);
	}
	result->mirrors = r->count;
	if (!r->count)
		return fail(r->err, "%s", r->why);
	return fail(r->err, "%u of %u mirrors brought up; %.450s", r->count, r->wanted, r->why);
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

static int follow(struct resync *r, bool again, struct follow_result *ret_followed)
{
	struct follow_copy copies[LAYOUT_MIRRORS_MAX];
	const struct follow_job job = {
		.fs = r->fs,
		.source_fd = r->file.source_fd,
		.read_fd = r->source_fd >= 0 ? r->source_fd : r->file.source_fd,
		.copies = copies,
		.count = r->count,
		.begin = { .mirror_ids = r->ids,
			   .mirror_count = r->count,
			   .whole = r->what->force && !again,
			   .make_stale = r->what->force && !again,
			   .source_id = r->what->source_id },
		.threads = subject_threads(r->fs, r->opt->threads),
		.limit = r->opt->limit,
		.stop = r->opt->stop,
		.check = check_source,
		.commit = commit,
		.progress = forward_progress,
		.cookie = r,
	};

	for (unsigned int i = 0; i < r->count; i++)
		copies[i] = (struct follow_copy){ .mirror_id = r->ids[i], .fd = -1 };
	return follow_run(&job, ret_followed);
}

/* What was copied and reported before one failed needs no copying again. */
static int bring_up(struct resync *r, struct mirror_result *result)
{
	struct fs_moved before = moved_now(r->fs, r->file.source_fd);
	struct follow_result followed;
	bool again = false;
	int err;

	do {
		err = follow(r, again, &followed);
		again = followed.passes > 0;
		result->moved.user_bytes += followed.user_bytes;
		result->moved.hole_bytes += followed.hole_bytes;
		result->copied_bytes += followed.copied_bytes;
		result->held_ns = MAX_OF(result->held_ns, followed.held_ns);
		result->passes += followed.passes;
	} while (err && go_on_without(r, r->file.source_fd, followed.failed_copy, err));
	moved_add_since(r->fs, r->file.source_fd, &before, &result->moved);
	result->mirrors = err ? 0 : r->count;
	return err;
}

/* ---- under a lease ---- */

static int run_leased(struct resync *r, struct mirror_result *result)
{
	struct leased_resync leased = {
		.fs = r->fs,
		.opt = r->opt,
		.file = &r->file,
		.ids = r->ids,
		.source_id = r->what->source_id,
		.compare = r->what->compare,
		.sums = &r->sums,
	};
	char text[ERROR_TEXT_MAX];
	int err, failed;

	do {
		leased.count = r->count;
		err = leased_resync_run(&leased, result, &failed);
		if (err)
			sums_keep_forget(&r->sums);
	} while (err && go_on_without(r, r->file.file_fd, failed, err));
	if (!err)
		return 0;
	snprintf(text, sizeof(text), "%s", error_text(err));
	r->fs->ops->lease_put(r->fs, r->file.file_fd);
	return fail(err, "%s", text);
}

/* From now on nobody else begins a resync, until the file is closed. Who says how it is to be copied gets that. */
static void look_at_sums(struct resync *r)
{
	r->sums.file_fd = r->file.file_fd;
	sums_keep_look(&r->sums, r->ids, r->count);
	if (r->what->force || r->what->compare != MIRROR_COMPARE_AUTO)
		sums_keep_forget(&r->sums);
}

static int resync_leased(struct resync *r, struct mirror_result *result)
{
	int err = subject_open_for_writing(r->fs, &r->file);

	if (!err)
		look_at_sums(r);
	if (!err && r->what->force)
		err = leased_make_stale(r->fs, r->file.file_fd, r->layout, r->ids, r->count,
					r->what->source_id);
	if (!err)
		err = r->fs->ops->resync_begin(r->fs, r->file.file_fd);
	if (err == -EALREADY) /* another has done it meanwhile */
		return 0;
	if (!err)
		err = run_leased(r, result);
	if (!err)
		sums_keep_end(&r->sums, r->ids, r->count);
	return err;
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
	leave_out_unreachable(r, r->file.file_fd);
	if (r->count)
		err = fs_can_follow(r->fs) ? resync_live(r, result) : resync_leased(r, result);
	return outcome(r, err, result);
}

int mirror_resync(struct fs *fs, const char *path, const struct mirror_resync_what *what,
		  const struct mirror_options *opt, struct mirror_result *ret_result)
{
	struct resync r = {
		.fs = fs,
		.what = what,
		.opt = opt,
		.file = SUBJECT_INIT,
		.source_fd = -1,
		.sums = SUMS_KEEP_INIT(fs, opt->sums_dir_fd),
	};
	struct mirror_result result = { 0 };
	uint64_t begin = clock_now_ns();
	int err = subject_open(fs, path, O_RDONLY, "resync", &r.file);

	if (err)
		return err;
	result.size_bytes = (uint64_t)r.file.st.st_size;
	err = resync(&r, &result);
	result.elapsed_ns = clock_now_ns() - begin;
	sums_keep_tell(&r.sums, &result);
	sums_keep_release(&r.sums);
	fd_cleanup(&r.source_fd);
	subject_close(&r.file);
	layout_unref(r.layout);
	*ret_result = result;
	return err;
}
