/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/clock.h"
#include "base/error.h"
#include "base/sys.h"
#include "layout/mirror_change.h"
#include "mover/compare.h"
#include "mover/mirror_verbs.h"
#include "mover/subject.h"
#include "mover/trouble.h"

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
	int fd, victim_fd; /* borrowed: what the two are worked on by */
	bool leased;       /* both have a lease */
};

static int check(const struct extend_from *e)
{
	CLEANUP_LAYOUT struct layout *now = NULL, *other = NULL, *then = NULL;
	const struct layout *others[1];
	struct fid fid;
	int err;

	err = e->fs->ops->layout_get(e->fs, e->fd, &now);
	if (!err)
		err = e->fs->ops->layout_get(e->fs, e->victim_fd, &other);
	if (!err)
		err = e->fs->ops->fid_get(e->fs, e->fd, &fid);
	if (err)
		return err;
	others[0] = other;
	return mirror_change_merge(now, others, 1, fid, &then);
}

/* ---- the same content ---- */

static int differs(unsigned int index UNUSED, unsigned int reference UNUSED, uint64_t start,
		   uint64_t end UNUSED, void *cookie)
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
	const int fds[2] = { e->fd, e->victim_fd };
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
	err = compare_run(&req, &bytes);
	if (!err || err == -EBADMSG || err == -ECANCELED)
		return err;
	return trouble_of_copy(e->fs, &(struct trouble_side){ .fd = fds[0] },
			       &(struct trouble_side){ .fd = fds[1] },
			       &(struct transfer_result){ 0 }, err);
}

/* ---- the merge ---- */

/* What was written to the two since: by a lease that is lost, or a data version. */
static int still_the_same(struct extend_from *e, const struct fs_merge *req)
{
	uint64_t version;
	int err = e->leased ? e->fs->ops->lease_check(e->fs, e->victim_fd) : 0;

	if (err || !e->leased)
		return err;
	err = e->fs->ops->data_version(e->fs, e->victim_fd, false, &version);
	if (!err && version != req->victim_versions[0])
		err = fail(-EAGAIN, "%s was written meanwhile", e->victim_path);
	if (!err)
		err = e->fs->ops->data_version(e->fs, e->fd, false, &version);
	if (!err && version != req->file_version)
		err = fail(-EAGAIN, "was written meanwhile");
	return err;
}

/* Where objects have a say in a file's times, which are the latest of all: those of the victim's must not. (On lovfs
 * they have none, and there is no lease under which the victim could be changed.) */
static int give_times(struct extend_from *e, uint64_t *ret_victim_version)
{
	struct stat st;
	int err = sys_fstat(e->fd, &st);

	if (err)
		return fail_sys(err, "cannot read its attributes");
	return subject_seal_victim(e->fs, &st, e->victim_fd, ret_victim_version);
}

/* The victim stays what it was. */
static void take_times_back(const struct extend_from *e)
{
	const struct stat *st = &e->victim.st;
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	(void)!sys_utimens_fd(e->victim_fd, times);
}

static int merge(struct extend_from *e, const struct fs_merge *req, uint64_t *victim_version)
{
	char text[ERROR_TEXT_MAX];
	int err = e->leased ? give_times(e, victim_version) : 0;

	if (!err)
		err = e->fs->ops->merge(e->fs, e->fd, req);
	if (!err || !e->leased)
		return err;
	snprintf(text, sizeof(text), "%s", error_text(err));
	take_times_back(e);
	return fail(err, "%s", text);
}

/* Versions first: what is written while it is compared, or after that, is seen by the merge. */
static int compare_and_merge(struct extend_from *e, bool no_verify)
{
	uint64_t victim_version;
	struct fs_merge req = {
		.victim_fds = &e->victim_fd,
		.victim_versions = &victim_version,
		.victim_count = 1,
		.close_lease = e->leased,
	};
	int err = e->fs->ops->data_version(e->fs, e->fd, false, &req.file_version);

	if (!err)
		err = e->fs->ops->data_version(e->fs, e->victim_fd, false, &victim_version);
	if (!err && !no_verify)
		err = compare(e);
	if (!err)
		err = still_the_same(e, &req);
	return err ? err : merge(e, &req, &victim_version);
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

/* ---- both files ---- */

/* Writers go on: what they change is noticed. */
static int leave(struct extend_from *e, struct subject *s, int *ret_fd)
{
	int err = subject_leave_file(e->fs, s);

	*ret_fd = s->source_fd;
	return err;
}

/* Or a writer ends it. */
static int lease(struct extend_from *e, struct subject *s, int *ret_fd)
{
	*ret_fd = s->file_fd;
	return e->fs->ops->lease_get(e->fs, s->file_fd);
}

static int take(struct extend_from *e, struct subject *s, int *ret_fd)
{
	return e->leased ? lease(e, s, ret_fd) : leave(e, s, ret_fd);
}

static int open_flags(const struct extend_from *e)
{
	return e->leased ? O_RDWR : O_RDONLY;
}

/* Before it is taken: the file's own lease would be in the way. */
static int check_other(const struct extend_from *e)
{
	return e->file.st.st_ino == e->victim.st.st_ino ? fail(-EINVAL, "is the same file") : 0;
}

/* The victim's own faults are told with its name. */
static int open_victim(struct extend_from *e)
{
	char why[ERROR_TEXT_MAX];
	int err = subject_open(e->fs, e->victim_path, open_flags(e), "take", &e->victim);

	if (!err)
		err = check_other(e);
	if (!err)
		err = take(e, &e->victim, &e->victim_fd);
	if (!err)
		return 0;
	snprintf(why, sizeof(why), "%s", error_text(err));
	return fail(err, "%s: %.400s", e->victim_path, why);
}

static int extend_from(struct extend_from *e, bool no_verify)
{
	int err = take(e, &e->file, &e->fd);

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
				 .leased = !fs_can_follow(fs),
				 .file = SUBJECT_INIT,
				 .victim = SUBJECT_INIT };
	uint64_t begin = clock_now_ns();
	int err = subject_open(fs, path, open_flags(&e), "extend", &e.file);

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
