/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/clock.h"
#include "base/error.h"
#include "base/sys.h"
#include "layout/mirror_change.h"
#include "mover/compare.h"
#include "mover/mirror_verbs.h"
#include "mover/subject.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct extend_from {
	struct fs *fs;
	const struct mirror_options *opt;
	const char *victim_path;
	struct subject file, victim;
};

static int check(const struct extend_from *e)
{
	CLEANUP_LAYOUT struct layout *now = NULL, *other = NULL, *then = NULL;
	const struct layout *others[1];
	struct fid fid;
	int err;

	if (e->file.st.st_ino == e->victim.st.st_ino)
		return fail(-EINVAL, "%s is the same file", e->victim_path);
	err = e->fs->ops->layout_get(e->fs, e->file.source_fd, &now);
	if (!err)
		err = e->fs->ops->layout_get(e->fs, e->victim.source_fd, &other);
	if (!err)
		err = e->fs->ops->fid_get(e->fs, e->file.source_fd, &fid);
	if (err)
		return err;
	others[0] = other;
	return mirror_change_merge(now, others, 1, fid, &then);
}

/* ---- the same content ---- */

static int differs(unsigned int index UNUSED, uint64_t start, uint64_t end UNUSED, void *cookie)
{
	const struct extend_from *e = cookie;

	return fail(-EBADMSG, "%s has other content, first at offset %" PRIu64 " or a little later",
		    e->victim_path, start);
}

static void forward_progress(uint64_t done_bytes, uint64_t total_bytes, void *cookie)
{
	const struct extend_from *e = cookie;

	if (e->opt->progress)
		e->opt->progress(done_bytes, total_bytes, e->opt->cookie);
}

static int compare(struct extend_from *e)
{
	const int fds[2] = { e->file.source_fd, e->victim.source_fd };
	const struct compare_request req = {
		.fds = fds,
		.count = 2,
		.limit = e->opt->limit,
		.stop = e->opt->stop,
		.differs = differs,
		.progress = forward_progress,
		.cookie = e,
	};
	uint64_t bytes;
	struct stat a, b;
	int err = sys_fstat(fds[0], &a);

	if (!err)
		err = sys_fstat(fds[1], &b);
	if (err)
		return fail_sys(err, "cannot read its attributes");
	if (a.st_size != b.st_size)
		return fail(-EBADMSG, "%s has %jd bytes, not %jd", e->victim_path,
			    (intmax_t)b.st_size, (intmax_t)a.st_size);
	return compare_run(&req, &bytes);
}

/* ---- the merge ---- */

/* Versions first: what is written while it is compared, or after that, is seen by the merge. */
static int compare_and_merge(struct extend_from *e, bool no_verify)
{
	uint64_t victim_version;
	struct fs_merge req = {
		.victim_fds = &e->victim.source_fd,
		.victim_versions = &victim_version,
		.victim_count = 1,
	};
	int err = e->fs->ops->data_version(e->fs, e->file.source_fd, &req.file_version);

	if (!err)
		err = e->fs->ops->data_version(e->fs, e->victim.source_fd, &victim_version);
	if (!err && !no_verify)
		err = compare(e);
	return err ? err : e->fs->ops->merge(e->fs, e->file.source_fd, &req);
}

/* The name may be another file's by now. */
static int remove_name(const struct extend_from *e)
{
	const struct subject *v = &e->victim;
	struct stat st;
	int err = sys_fstatat(v->dir_fd, v->name, &st, AT_SYMLINK_NOFOLLOW);

	if (err == -ENOENT || (!err && st.st_ino != v->st.st_ino))
		return 0;
	if (!err)
		err = sys_unlinkat(v->dir_fd, v->name, 0);
	return err ? fail_sys(err, "has a new mirror, but the empty file %s cannot be removed",
			      e->victim_path)
		   : 0;
}

/* The victim's own faults are told with its name. */
static int open_victim(struct extend_from *e)
{
	char why[ERROR_TEXT_MAX];
	int err = subject_open(e->fs, e->victim_path, O_RDONLY, "take", &e->victim);

	if (!err)
		err = subject_leave_file(e->fs, &e->victim);
	if (!err)
		return 0;
	snprintf(why, sizeof(why), "%s", error_text(err));
	return fail(err, "%s: %.400s", e->victim_path, why);
}

static int extend_from(struct extend_from *e, bool no_verify)
{
	int err = subject_leave_file(e->fs, &e->file);

	if (!err)
		err = open_victim(e);
	if (!err)
		err = check(e);
	if (!err)
		err = compare_and_merge(e, no_verify);
	return err ? err : remove_name(e);
}

int mirror_extend_from(struct fs *fs, const char *path, const char *victim, bool no_verify,
		       const struct mirror_options *opt, struct mirror_result *ret_result)
{
	struct extend_from e = { .fs = fs,
				 .opt = opt,
				 .victim_path = victim,
				 .file = SUBJECT_INIT,
				 .victim = SUBJECT_INIT };
	uint64_t begin = clock_now_ns();
	int err = subject_open(fs, path, O_RDONLY, "extend", &e.file);

	if (err)
		return err;
	err = extend_from(&e, no_verify);
	if (!err)
		*ret_result = (struct mirror_result){
			.size_bytes = (uint64_t)e.file.st.st_size,
			.elapsed_ns = clock_now_ns() - begin,
			.mirrors = 1,
		};
	subject_close(&e.victim);
	subject_close(&e.file);
	return err;
}
