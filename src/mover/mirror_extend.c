/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/clock.h"
#include "base/error.h"
#include "base/sys.h"
#include "layout/mirror.h"
#include "layout/mirror_change.h"
#include "layout/template.h"
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

struct extend {
	struct fs *fs;
	const struct mirror_options *opt;
	const struct layout *const *requests;
	unsigned int count; /* of requests, and of victims */
	struct subject file;
	int victim_fds[LAYOUT_MIRRORS_MAX]; /* owned; -1: not open */
	struct sums_keep sums;
};

/* What the merge would refuse is known before anything is copied. */
static int check(const struct extend *e)
{
	CLEANUP_LAYOUT struct layout *now = NULL, *then = NULL;
	struct fid fid;
	int err = e->fs->ops->layout_get(e->fs, e->file.file_fd, &now);

	if (err == -ENODATA) /* nothing was ever written; the merge decides */
		return 0;
	if (!err)
		err = e->fs->ops->fid_get(e->fs, e->file.file_fd, &fid);
	return err ? err : mirror_change_merge(now, e->requests, e->count, fid, &then);
}

static int make_victims(struct extend *e)
{
	int err = 0;

	for (unsigned int i = 0; i < e->count && !err; i++) {
		CLEANUP_LAYOUT struct layout *l = layout_as_composite(e->requests[i]);

		if (!l)
			return fail(-ENOMEM, "no memory for a layout");
		err = subject_make_victim(e->fs, &e->file, l, &e->victim_fds[i]);
	}
	return err;
}

static int commit(void *cookie, uint64_t file_version)
{
	struct extend *e = cookie;
	uint64_t versions[LAYOUT_MIRRORS_MAX];
	struct fs_merge req = {
		.victim_fds = e->victim_fds,
		.victim_versions = versions,
		.victim_count = e->count,
		.file_version = file_version,
	};
	int err = sys_fstat(e->file.source_fd, &e->file.st);

	if (err)
		return fail_sys(err, "cannot read its attributes");
	for (unsigned int i = 0; i < e->count; i++) {
		err = subject_seal_victim(e->fs, &e->file.st, e->victim_fds[i], &versions[i]);
		if (err)
			return err;
	}
	return e->fs->ops->merge(e->fs, e->file.source_fd, &req);
}

static void forward_progress(uint64_t done_bytes, uint64_t total_bytes, void *cookie)
{
	const struct extend *e = cookie;

	if (e->opt->progress)
		e->opt->progress(done_bytes, total_bytes, e->opt->cookie);
}

static int copy_and_merge(struct extend *e, struct mirror_result *result)
{
	struct follow_copy copies[LAYOUT_MIRRORS_MAX];
	struct follow_job job = {
		.fs = e->fs,
		.source_fd = e->file.source_fd,
		.read_fd = e->file.source_fd,
		.copies = copies,
		.count = e->count,
		.begin = { .victim_fds = e->victim_fds,
			   .victim_count = e->count,
			   .physical = true },
		.threads = subject_threads(e->fs, e->opt->threads),
		.limit = e->opt->limit,
		.stop = e->opt->stop,
		.commit = commit,
		.progress = forward_progress,
		.cookie = e,
	};
	const struct fs_moved none = { 0 };
	struct follow_result followed;
	int err;

	for (unsigned int i = 0; i < e->count; i++)
		copies[i] = (struct follow_copy){ .fd = e->victim_fds[i] };
	err = follow_run(&job, &followed);
	if (err)
		return err;
	for (unsigned int i = 0; i < e->count; i++)
		moved_add_since(e->fs, e->victim_fds[i], &none, &result->moved);
	result->moved.user_bytes += followed.user_bytes;
	result->moved.hole_bytes += followed.hole_bytes;
	result->size_bytes = (uint64_t)e->file.st.st_size;
	result->copied_bytes = followed.copied_bytes;
	result->held_ns = followed.held_ns;
	result->passes = followed.passes;
	result->mirrors = e->count;
	return 0;
}

static int extend_live(struct extend *e, struct mirror_result *result)
{
	int err = subject_leave_file(e->fs, &e->file);

	return err ? err : copy_and_merge(e, result);
}

/* Of a file that had no mirrors its own is one of them. */
static void keep_sums(struct extend *e, const uint32_t *before, unsigned int before_count)
{
	CLEANUP_LAYOUT struct layout *now = NULL;
	uint32_t ids[LAYOUT_MIRRORS_MAX], added[LAYOUT_MIRRORS_MAX];
	unsigned int count, added_count = 0;

	if (e->fs->ops->layout_get(e->fs, e->file.file_fd, &now))
		return;
	count = mirror_ids(now, ids);
	for (unsigned int i = 0; i < count; i++) {
		bool old = false;

		for (unsigned int k = 0; k < before_count; k++)
			old = old || before[k] == ids[i];
		if (!old)
			added[added_count++] = ids[i];
	}
	sums_keep_end(&e->sums, added, added_count);
}

static int extend_leased(struct extend *e, struct mirror_result *result)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	uint32_t before[LAYOUT_MIRRORS_MAX];
	const struct leased_extend leased = {
		.fs = e->fs,
		.opt = e->opt,
		.file = &e->file,
		.victim_fds = e->victim_fds,
		.count = e->count,
		.sums = &e->sums,
	};
	unsigned int before_count = 0;
	int err;

	if (e->opt->sums_dir_fd && !e->fs->ops->layout_get(e->fs, e->file.file_fd, &l))
		before_count = mirror_ids(l, before);
	e->sums.file_fd = e->file.file_fd;
	sums_keep_look(&e->sums, NULL, 0);
	err = leased_extend_run(&leased, result);
	if (!err && e->opt->sums_dir_fd)
		keep_sums(e, before, before_count);
	return err;
}

static int extend(struct extend *e, struct mirror_result *result)
{
	int err = check(e);

	if (!err && !fs_can_follow(e->fs))
		err = subject_open_for_writing(e->fs, &e->file);
	if (!err)
		err = make_victims(e);
	if (err)
		return err;
	return fs_can_follow(e->fs) ? extend_live(e, result) : extend_leased(e, result);
}

/*
 * Data on the MDT is the inode's own, so a merge doesn't bring the victim's along: the first component of such a mirror
 * is stale then. Mirrors that are added are the last ones.
 */
static int bring_up(struct fs *fs, const char *path, unsigned int added,
		    const struct mirror_options *opt, struct mirror_result *result)
{
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	CLEANUP_LAYOUT struct layout *l = NULL;
	struct mirror_resync_what what = { .compare = MIRROR_COMPARE_NOT };
	struct mirror_options quiet = *opt;
	struct mirror_result resynced = { 0 };
	struct subject file;
	unsigned int count;
	int err = subject_open(fs, path, O_RDONLY, "extend", &file);

	if (err)
		return err;
	err = subject_mirrors(fs, &file, &l);
	subject_close(&file);
	if (err)
		return err;
	quiet.progress = NULL; /* all that there is to copy has been counted */
	count = mirror_ids(l, ids);
	what.only_count = MIN_OF(added, count);
	what.only_ids = ids + count - what.only_count;
	err = mirror_resync(fs, path, &what, &quiet, &resynced);
	result->copied_bytes += resynced.copied_bytes;
	moved_add(&result->moved, &resynced.moved);
	return err;
}

static int bring_up_all(struct fs *fs, const char *path, const struct extend *e,
			struct mirror_result *result)
{
	char why[ERROR_TEXT_MAX];
	uint64_t mdt_bytes = 0;
	int err;

	for (unsigned int i = 0; i < e->count; i++)
		mdt_bytes |= layout_mdt_bytes(e->requests[i]);
	if (!mdt_bytes)
		return 0;
	err = bring_up(fs, path, result->mirrors, e->opt, result);
	if (!err)
		return 0;
	snprintf(why, sizeof(why), "%s", error_text(err));
	return fail(err,
		    "%u mirror%s added, but on the MDT out of date (lov mirror resync): %.400s",
		    result->mirrors, result->mirrors == 1 ? " was" : "s were", why);
}

int mirror_extend(struct fs *fs, const char *path, const struct layout *const *requests,
		  unsigned int count, const struct mirror_options *opt,
		  struct mirror_result *ret_result)
{
	struct extend e = {
		.fs = fs,
		.opt = opt,
		.requests = requests,
		.count = count,
		.file = SUBJECT_INIT,
		.sums = SUMS_KEEP_INIT(fs, opt->sums_dir_fd),
	};
	struct mirror_result result = { 0 };
	uint64_t begin = clock_now_ns();
	int err;

	if (count == 0)
		return fail(-EINVAL, "no new mirror is asked for");
	if (count >= LAYOUT_MIRRORS_MAX)
		return fail(-ERANGE, "%u new mirrors: a file has at most %u", count,
			    LAYOUT_MIRRORS_MAX);
	for (unsigned int i = 0; i < count; i++)
		e.victim_fds[i] = -1;
	err = subject_open(fs, path, O_RDONLY, "extend", &e.file);
	if (err)
		return err;
	err = extend(&e, &result);
	sums_keep_tell(&e.sums, &result);
	sums_keep_release(&e.sums);
	for (unsigned int i = 0; i < count; i++)
		fd_cleanup(&e.victim_fds[i]);
	subject_close(&e.file);
	if (!err)
		err = bring_up_all(fs, path, &e, &result);
	result.elapsed_ns = clock_now_ns() - begin;
	*ret_result = result;
	return err;
}
