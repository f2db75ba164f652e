/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is written to one mirror: the file's own writers don't notice, and it is stale until it has turned
 * out to be what the file has. */
#include "base/clock.h"
#include "base/error.h"
#include "base/sys.h"
#include "layout/mirror.h"
#include "mover/aligned.h"
#include "mover/compare.h"
#include "mover/hold.h"
#include "mover/mirror_bytes.h"
#include "mover/mirror_leased.h"
#include "mover/trouble.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define LOCK_WAIT_NS (2 * NS_PER_S)

/* ---- the bytes ---- */

/* Fills the buffer, unless there is no more: pipes give what they have. */
static ssize_t fill(struct mirror_bytes *b, int in_fd)
{
	size_t have = 0;

	while (have < MIRROR_BYTES_BUFFER) {
		ssize_t n = mirror_bytes_wait(b, in_fd, POLLIN);

		if (n < 0)
			return n;
		n = sys_read(in_fd, b->buf + have, MIRROR_BYTES_BUFFER - have);
		if (n < 0)
			return fail_sys((int)n, "cannot read what is to be written");
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

static int explain_write(struct mirror_bytes *b, size_t len, int err)
{
	const struct transfer_result here = { .write_failed = true,
					      .failed_offset = b->done_bytes,
					      .failed_len = len };
	int fd = b->file.file_fd >= 0 ? b->file.file_fd : b->file.source_fd;

	err = fail_sys(err, "cannot write mirror %" PRIu32 " at offset %" PRIu64, b->id,
		       b->done_bytes);
	return trouble_explain(b->fs, fd, b->id, &here, err);
}

/* The last block is filled up with zeros, as direct I/O needs it, and cut afterwards. */
static int write_buffer(struct mirror_bytes *b, int fd, size_t len)
{
	size_t padded = aligned_up(len);
	int err;

	memset(b->buf + len, 0, padded - len);
	err = sys_pwrite_full(fd, b->buf, padded, b->done_bytes);
	return err ? explain_write(b, padded, err) : mirror_bytes_count(b, len);
}

/* fd is the mirror. */
static int pour_in(struct mirror_bytes *b, int fd, int in_fd)
{
	struct stat st;
	ssize_t n;
	int err = sys_fstat(in_fd, &st);

	if (err)
		return fail_sys(err, "cannot look at what is to be written");
	b->total_bytes = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	n = (ssize_t)b->filled;
	err = n ? write_buffer(b, fd, (size_t)n) : 0;
	while (!err && (size_t)n == MIRROR_BYTES_BUFFER) {
		n = fill(b, in_fd);
		err = n > 0 ? write_buffer(b, fd, (size_t)n) : (int)n;
	}
	if (err)
		return err;
	err = sys_ftruncate(fd, b->done_bytes);
	if (!err)
		err = sys_fsync(fd);
	mirror_bytes_report(b, true);
	return err ? fail_sys(err, "cannot finish mirror %" PRIu32 "%s", b->id,
			      trouble_hint(b->fs, fd, err))
		   : 0;
}

static int it_differs(unsigned int index UNUSED, unsigned int reference UNUSED,
		      uint64_t start UNUSED, uint64_t end UNUSED, void *cookie UNUSED)
{
	return -EBADMSG;
}

/* Whether the two are the same: as many bytes as were written, and these. A mirror's own size isn't known
 * everywhere. */
static int is_like(struct mirror_bytes *b, int file_fd, int mirror_fd, bool *ret_same)
{
	const int fds[2] = { file_fd, mirror_fd };
	const struct compare_request req = {
		.fds = fds, .count = 2, .stop = b->opt->stop, .differs = it_differs
	};
	uint64_t bytes;
	struct stat st;
	int err = sys_fstat(file_fd, &st);

	if (err)
		return fail_sys(err, "cannot read its attributes");
	*ret_same = false;
	if ((uint64_t)st.st_size != b->done_bytes)
		return 0;
	err = compare_run(&req, &bytes);
	*ret_same = !err;
	return err == -EBADMSG ? 0 : err;
}

/* ---- while the mirror follows the file ---- */

static int next_changes(struct mirror_bytes *b, uint64_t from, struct fs_changes *ret_changes)
{
	return b->fs->ops->follow_next(b->fs, b->file.source_fd, b->id, from, UINT64_MAX,
				       ret_changes);
}

static int report_copied(struct mirror_bytes *b, const struct fs_changes *changes)
{
	int err = 0;

	for (unsigned int i = 0; i < changes->count && !err; i++)
		err = b->fs->ops->follow_copied(b->fs, b->file.source_fd, b->id,
						&changes->ranges[i]);
	return err;
}

/* With writers held back: if nothing was written since the comparison began. */
static int commit_held(struct mirror_bytes *b, bool *ret_in_sync)
{
	struct fs_changes since;
	int err = next_changes(b, 0, &since);

	if (err || since.count || since.left_bytes)
		return err;
	err = b->fs->ops->mirrors_synced(b->fs, b->file.source_fd, &b->id, 1);
	*ret_in_sync = !err;
	return err == -EAGAIN ? 0 : err;
}

static int commit(struct mirror_bytes *b, bool *ret_in_sync)
{
	struct hold hold = { 0 };
	int err = hold_writers(b->fs, b->file.source_fd, LOCK_WAIT_NS, b->opt->stop, &hold);

	if (err)
		return err;
	err = commit_held(b, ret_in_sync);
	b->result.held_ns = hold_release(b->fs, b->file.source_fd, &hold);
	return err;
}

/*
 * Whether the mirror is now what the file is; if so it is in sync again. All that is out of date is
 * taken before the comparison: what is written from then on is seen at the end.
 */
static int try_to_sync(struct mirror_bytes *b, bool *ret_in_sync)
{
	struct fs_changes taken;
	bool same;
	int err = next_changes(b, 0, &taken);

	if (!err)
		err = is_like(b, b->file.source_fd, b->mirror_fd, &same);
	if (err || !same)
		return err;
	err = report_copied(b, &taken);
	return err ? err : commit(b, ret_in_sync);
}

static int write_followed(struct mirror_bytes *b, int in_fd, bool *ret_in_sync)
{
	int err = b->fs->ops->mirror_open(b->fs, b->file.source_fd, b->id, O_RDWR, &b->mirror_fd);

	if (!err)
		err = pour_in(b, b->mirror_fd, in_fd);
	return err ? err : try_to_sync(b, ret_in_sync);
}

static int write_live(struct mirror_bytes *b, int in_fd, bool *ret_in_sync)
{
	const struct fs_follow req = {
		.mirror_ids = &b->id, .mirror_count = 1, .whole = true, .make_stale = true
	};
	char text[ERROR_TEXT_MAX];
	int err = subject_leave_file(b->fs, &b->file);

	if (!err)
		err = b->fs->ops->follow_begin(b->fs, b->file.source_fd, &req);
	if (err)
		return err;
	err = write_followed(b, in_fd, ret_in_sync);
	snprintf(text, sizeof(text), "%s", err ? error_text(err) : "");
	fd_cleanup(&b->mirror_fd);
	b->fs->ops->follow_end(b->fs, b->file.source_fd);
	return err ? fail(err, "%s", text) : 0;
}

/* ---- under a lease ---- */

static int pour_in_bound(struct mirror_bytes *b, int in_fd)
{
	int fd = b->file.file_fd;
	int err = b->fs->ops->mirror_bind(b->fs, fd, b->id);

	if (!err)
		err = pour_in(b, fd, in_fd);
	return err ? err : b->fs->ops->mirror_bind(b->fs, fd, 0);
}

/* Which components are marked if it turns out that the mirror is what the file is: all that are stale. */
static int mark(struct mirror_bytes *b)
{
	const struct timespec times[2] = { b->file.st.st_atim, b->file.st.st_mtim };
	CLEANUP_LAYOUT struct layout *now = NULL;
	CLEANUP_FREE uint32_t *ids = NULL;
	/* Without it there may be a writer, and the times are the writer's. */
	int err = b->fs->ops->lease_check(b->fs, b->file.file_fd);

	if (err)
		return err;
	err = sys_futimens(b->file.file_fd, times);
	if (err)
		return fail_sys(err, "cannot set its times");
	err = b->fs->ops->layout_get(b->fs, b->file.file_fd, &now);
	if (err)
		return err;
	ids = calloc(now->count, sizeof(*ids));
	if (!ids)
		return fail(-ENOMEM, "no memory");
	return b->fs->ops->resync_done(b->fs, b->file.file_fd, ids,
				       mirror_stale_components(now, b->id, ids));
}

/* The lease is the caller's still where it wasn't used up: *ret_in_sync. */
static int write_and_look(struct mirror_bytes *b, int in_fd, bool *ret_in_sync)
{
	CLEANUP_FD int file_fd = -1;
	bool same;
	int err = pour_in_bound(b, in_fd);

	if (!err)
		err = b->fs->ops->mirror_open(b->fs, b->file.file_fd, 0, O_RDONLY, &file_fd);
	if (!err)
		err = b->fs->ops->mirror_open(b->fs, b->file.file_fd, b->id, O_RDONLY,
					      &b->mirror_fd);
	if (!err)
		err = is_like(b, file_fd, b->mirror_fd, &same);
	if (err || !same)
		return err;
	err = mark(b);
	*ret_in_sync = !err;
	return err;
}

static int write_leased(struct mirror_bytes *b, int in_fd, bool *ret_in_sync)
{
	char text[ERROR_TEXT_MAX];
	int err = subject_open_for_writing(b->fs, &b->file);

	if (!err)
		err = leased_make_stale(b->fs, b->file.file_fd, b->layout, &b->id, 1, 0);
	if (!err)
		err = b->fs->ops->resync_begin(b->fs, b->file.file_fd);
	if (err)
		return err;
	err = write_and_look(b, in_fd, ret_in_sync);
	snprintf(text, sizeof(text), "%s", err ? error_text(err) : "");
	if (!*ret_in_sync)
		b->fs->ops->lease_put(b->fs, b->file.file_fd);
	return err ? fail(err, "%s", text) : 0;
}

/* Who has nothing to give makes nothing stale. */
static int fill_first(struct mirror_bytes *b, int in_fd)
{
	ssize_t n = fill(b, in_fd);

	if (n < 0)
		return (int)n;
	b->filled = (size_t)n;
	return b->fs->ops->mirror_check(b->fs, b->file.file_fd, b->id, true);
}

int mirror_write(struct fs *fs, const char *path, uint32_t id, int in_fd,
		 const struct mirror_options *opt, bool *ret_in_sync,
		 struct mirror_result *ret_result)
{
	struct mirror_bytes b = { .fs = fs, .opt = opt, .id = id };
	uint64_t begin = clock_now_ns();
	bool live = fs_can_follow(fs), in_sync = false;
	int err = mirror_bytes_begin(&b, path, O_RDONLY, "write");

	if (!err)
		err = fill_first(&b, in_fd);
	if (!err)
		err = live ? write_live(&b, in_fd, &in_sync) : write_leased(&b, in_fd, &in_sync);
	if (!err) {
		*ret_in_sync = in_sync;
		*ret_result = b.result;
		ret_result->size_bytes = (uint64_t)b.file.st.st_size;
		ret_result->copied_bytes = b.done_bytes;
		ret_result->elapsed_ns = clock_now_ns() - begin;
		ret_result->mirrors = 1;
		ret_result->passes = 1;
	}
	mirror_bytes_end(&b);
	return err;
}
