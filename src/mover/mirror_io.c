/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of one mirror, out of it and into it. */
#include "base/clock.h"
#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"
#include "layout/mirror.h"
#include "mover/compare.h"
#include "mover/hold.h"
#include "mover/mirror_verbs.h"
#include "mover/moved.h"
#include "mover/subject.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BUFFER_BYTES MIB
#define TICK_NS (100 * NS_PER_MS) /* between two calls of progress() */
#define LOCK_WAIT_NS (2 * NS_PER_S)

struct mirror_job {
	struct fs *fs;
	const struct mirror_options *opt;
	uint32_t id;
	struct subject file;
	int mirror_fd; /* owned; -1: not open */
	uint8_t *buf;  /* owned; BUFFER_BYTES */
	uint64_t done_bytes, total_bytes, ticked_ns;
	struct mirror_result result;
};

static int job_begin(struct mirror_job *j, const char *path, const char *verb)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	int err = subject_open(j->fs, path, O_RDONLY, verb, &j->file);

	if (!err)
		err = subject_mirrors(j->fs, &j->file, &l);
	if (err)
		return err;
	if (!mirror_exists(l, j->id))
		return fail(-ENOENT, "has no mirror %" PRIu32, j->id);
	j->buf = malloc(BUFFER_BYTES);
	return j->buf ? 0 : fail(-ENOMEM, "no memory");
}

static void job_end(struct mirror_job *j)
{
	fd_cleanup(&j->mirror_fd);
	subject_close(&j->file);
	free(j->buf);
}

static void report(struct mirror_job *j, bool last)
{
	uint64_t now = clock_now_ns();

	if (!j->opt->progress || (!last && now - j->ticked_ns < TICK_NS))
		return;
	j->ticked_ns = now;
	j->opt->progress(j->done_bytes, MAX_OF(j->done_bytes, j->total_bytes), j->opt->cookie);
}

static int count_piece(struct mirror_job *j, size_t len)
{
	j->done_bytes += len;
	bandwidth_take(j->opt->limit, len, j->opt->stop);
	report(j, false);
	return j->opt->stop && atomic_load(j->opt->stop) ? fail(-ECANCELED, "interrupted") : 0;
}

/* ---- read ---- */

static int pour_out(struct mirror_job *j, int out_fd)
{
	for (;;) {
		ssize_t n = sys_pread_full(j->mirror_fd, j->buf, BUFFER_BYTES, j->done_bytes);
		int err;

		if (n < 0)
			return fail_sys((int)n, "cannot read mirror %" PRIu32 " at offset %" PRIu64,
					j->id, j->done_bytes);
		if (n == 0)
			return 0;
		err = sys_write_full(out_fd, j->buf, (size_t)n);
		if (err)
			return fail_sys(err, "cannot write what was read");
		err = count_piece(j, (size_t)n);
		if (err)
			return err;
	}
}

int mirror_read(struct fs *fs, const char *path, uint32_t id, int out_fd,
		const struct mirror_options *opt, struct mirror_result *ret_result)
{
	struct mirror_job j = {
		.fs = fs, .opt = opt, .id = id, .file = SUBJECT_INIT, .mirror_fd = -1
	};
	uint64_t begin = clock_now_ns();
	int err = job_begin(&j, path, "read");

	if (!err) {
		j.total_bytes = (uint64_t)j.file.st.st_size;
		err = fs->ops->mirror_open(fs, j.file.file_fd, id, O_RDONLY, &j.mirror_fd);
	}
	if (!err)
		err = pour_out(&j, out_fd);
	if (!err) {
		report(&j, true);
		*ret_result = (struct mirror_result){
			.size_bytes = (uint64_t)j.file.st.st_size,
			.copied_bytes = j.done_bytes,
			.elapsed_ns = clock_now_ns() - begin,
			.mirrors = 1,
		};
	}
	job_end(&j);
	return err;
}

/* ---- write ---- */

static int pour_in(struct mirror_job *j, int in_fd)
{
	struct stat st;
	int err = sys_fstat(in_fd, &st);

	if (err)
		return fail_sys(err, "cannot look at what is to be written");
	j->total_bytes = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	for (;;) {
		ssize_t n = sys_read(in_fd, j->buf, BUFFER_BYTES);

		if (n < 0)
			return fail_sys((int)n, "cannot read what is to be written");
		if (n == 0)
			break;
		err = sys_pwrite_full(j->mirror_fd, j->buf, (size_t)n, j->done_bytes);
		if (err)
			return fail_sys(err, "cannot write mirror %" PRIu32 " at offset %" PRIu64,
					j->id, j->done_bytes);
		err = count_piece(j, (size_t)n);
		if (err)
			return err;
	}
	err = sys_ftruncate(j->mirror_fd, j->done_bytes);
	if (!err)
		err = sys_fsync(j->mirror_fd);
	report(j, true);
	return err ? fail_sys(err, "cannot finish mirror %" PRIu32, j->id) : 0;
}

static int it_differs(unsigned int index UNUSED, uint64_t start UNUSED, uint64_t end UNUSED,
		      void *cookie UNUSED)
{
	return -EBADMSG;
}

static int is_like_file(struct mirror_job *j, bool *ret_same)
{
	const int fds[2] = { j->file.source_fd, j->mirror_fd };
	const struct compare_request req = {
		.fds = fds, .count = 2, .stop = j->opt->stop, .differs = it_differs
	};
	uint64_t bytes;
	int err = compare_run(&req, &bytes);

	*ret_same = !err;
	return err == -EBADMSG ? 0 : err;
}

static int next_changes(struct mirror_job *j, uint64_t from, struct fs_changes *ret_changes)
{
	return j->fs->ops->follow_next(j->fs, j->file.source_fd, j->id, from, UINT64_MAX,
				       ret_changes);
}

static int report_copied(struct mirror_job *j, const struct fs_changes *changes)
{
	int err = 0;

	for (unsigned int i = 0; i < changes->count && !err; i++)
		err = j->fs->ops->follow_copied(j->fs, j->file.source_fd, j->id,
						&changes->ranges[i]);
	return err;
}

/* With writers held back: if nothing was written since the comparison began. */
static int commit_held(struct mirror_job *j, bool *ret_in_sync)
{
	struct fs_changes since;
	int err = next_changes(j, 0, &since);

	if (err || since.count || since.left_bytes)
		return err;
	err = j->fs->ops->mirrors_synced(j->fs, j->file.source_fd, &j->id, 1);
	*ret_in_sync = !err;
	return err == -EAGAIN ? 0 : err;
}

static int commit(struct mirror_job *j, bool *ret_in_sync)
{
	struct hold hold = { 0 };
	int err = hold_writers(j->fs, j->file.source_fd, LOCK_WAIT_NS, j->opt->stop, &hold);

	if (err)
		return err;
	err = commit_held(j, ret_in_sync);
	j->result.held_ns = hold_release(j->fs, j->file.source_fd, &hold);
	return err;
}

/*
 * Whether the mirror is now what the file is; if so it is in sync again. All that is out of date is
 * taken before the comparison: what is written from then on is seen at the end.
 */
static int try_to_sync(struct mirror_job *j, bool *ret_in_sync)
{
	struct fs_changes taken;
	bool same;
	int err = next_changes(j, 0, &taken);

	if (!err)
		err = is_like_file(j, &same);
	if (err || !same)
		return err;
	err = report_copied(j, &taken);
	return err ? err : commit(j, ret_in_sync);
}

static int write_followed(struct mirror_job *j, int in_fd, bool *ret_in_sync)
{
	int err = j->fs->ops->mirror_open(j->fs, j->file.source_fd, j->id, O_RDWR, &j->mirror_fd);

	if (!err)
		err = pour_in(j, in_fd);
	return err ? err : try_to_sync(j, ret_in_sync);
}

static int write_mirror(struct mirror_job *j, int in_fd, bool *ret_in_sync)
{
	const struct fs_follow req = {
		.mirror_ids = &j->id, .mirror_count = 1, .whole = true, .make_stale = true
	};
	char text[ERROR_TEXT_MAX];
	int err = subject_leave_file(j->fs, &j->file);

	if (!err)
		err = j->fs->ops->follow_begin(j->fs, j->file.source_fd, &req);
	if (err)
		return err;
	err = write_followed(j, in_fd, ret_in_sync);
	snprintf(text, sizeof(text), "%s", err ? error_text(err) : "");
	fd_cleanup(&j->mirror_fd);
	j->fs->ops->follow_end(j->fs, j->file.source_fd);
	return err ? fail(err, "%s", text) : 0;
}

int mirror_write(struct fs *fs, const char *path, uint32_t id, int in_fd,
		 const struct mirror_options *opt, bool *ret_in_sync,
		 struct mirror_result *ret_result)
{
	struct mirror_job j = {
		.fs = fs, .opt = opt, .id = id, .file = SUBJECT_INIT, .mirror_fd = -1
	};
	uint64_t begin = clock_now_ns();
	bool in_sync = false;
	int err = job_begin(&j, path, "write");

	if (!err)
		err = write_mirror(&j, in_fd, &in_sync);
	if (!err) {
		*ret_in_sync = in_sync;
		*ret_result = j.result;
		ret_result->size_bytes = (uint64_t)j.file.st.st_size;
		ret_result->copied_bytes = j.done_bytes;
		ret_result->elapsed_ns = clock_now_ns() - begin;
		ret_result->mirrors = 1;
		ret_result->passes = 1;
	}
	job_end(&j);
	return err;
}
