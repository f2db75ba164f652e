/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "copy/filecopy.h"

#include "base/checked.h"
#include "base/error.h"
#include "base/sys.h"
#include "copy/run.h"
#include "copy/verify.h"

#include <errno.h>
#include <inttypes.h>

struct job {
	struct io_ladder *ladder;
	const struct filecopy *c;
	struct filecopy_result *result;
	struct stat src, dst;    /* when it began */
	struct io_request range; /* what is copied */
	uint64_t begun_bytes;    /* of the range, before the source was found to be shorter */
	struct sums sums;
};

static int src_end(void *cookie, struct object_ref ref, struct io_end *ret_end)
{
	const struct job *j = cookie;

	(void)ref;
	*ret_end = j->range.src;
	return 0;
}

static int dst_end(void *cookie, struct object_ref ref, struct io_end *ret_end)
{
	const struct job *j = cookie;

	(void)ref;
	*ret_end = j->range.dst;
	return 0;
}

static bool stopped(const struct job *j)
{
	return j->c->stop && atomic_load(j->c->stop);
}

static int look(struct job *j)
{
	const struct filecopy *c = j->c;
	int err = sys_fstat(c->src_fd, &j->src);
	uint64_t size;

	if (err)
		return fail_sys(err, "size of the source");
	err = sys_fstat(c->dst_fd, &j->dst);
	if (err)
		return fail_sys(err, "size of the destination");
	if (!S_ISREG(j->src.st_mode) || !S_ISREG(j->dst.st_mode))
		return fail(-EINVAL, "the %s is not a regular file",
			    S_ISREG(j->src.st_mode) ? "destination" : "source");
	size = (uint64_t)j->src.st_size;
	j->range = (struct io_request){
		.src = { .fd = c->src_fd, .dev = j->src.st_dev },
		.dst = { .fd = c->dst_fd, .dev = j->dst.st_dev },
		.src_offset = c->whole ? 0 : c->src_offset,
		.dst_offset = c->whole ? 0 : c->dst_offset,
		.len_bytes = c->whole ? size : c->len_bytes,
	};
	if (j->range.src_offset >= size)
		j->range.len_bytes = 0;
	else
		j->range.len_bytes = MIN_OF(j->range.len_bytes, size - j->range.src_offset);
	return 0;
}

static int copy(struct job *j)
{
	const struct filecopy *c = j->c;
	const struct io_stages stages = { .limit = c->limit,
					  .sums = c->verify ? &j->sums : NULL,
					  .done_bytes = c->done_bytes };
	const struct copy_run_options options = {
		.plain_files = true,
		.workers = c->workers,
		.no_share = c->no_share,
		.fresh = (uint64_t)j->dst.st_size <= j->range.dst_offset,
		.stop = c->stop,
		.stages = &stages,
	};
	const struct copy_objects objects = { .src_end = src_end, .dst_end = dst_end, .cookie = j };
	struct copy_piece piece = { .src_offset = j->range.src_offset,
				    .dst_offset = j->range.dst_offset,
				    .len_bytes = j->range.len_bytes };
	const struct copy_plan plan = { .pieces = &piece,
					.count = 1,
					.len_bytes = j->range.len_bytes };

	return j->range.len_bytes
		       ? copy_run(j->ladder, &plan, &objects, &options, &j->result->moved)
		       : 0;
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* Whether somebody has written to the source. Within one file we have. */
static bool is_changed(const struct job *j, const struct stat *now)
{
	if (j->src.st_dev == j->dst.st_dev && j->src.st_ino == j->dst.st_ino)
		return false;
	return now->st_size != j->src.st_size || !same_time(now->st_mtim, j->src.st_mtim) ||
	       !same_time(now->st_ctim, j->src.st_ctim);
}

/* What of the range the source still has when it has been read. */
static int look_again(struct job *j)
{
	uint64_t end = j->range.src_offset + j->range.len_bytes, size;
	struct io_moved *moved = &j->result->moved;
	struct stat now;
	int err = sys_fstat(j->c->src_fd, &now);

	if (err)
		return fail_sys(err, "size of the source");
	size = MAX_OF((uint64_t)now.st_size, j->range.src_offset);
	j->result->changed = is_changed(j, &now) || size < end;
	if (size < end) {
		j->range.len_bytes = size - j->range.src_offset;
		moved->hole_bytes -= MIN_OF(moved->hole_bytes, end - size);
	}
	return 0;
}

/* The destination is all of the copy: neither what it had behind that stays, nor what it was given in advance
 * for bytes that never came. A size that is right is left alone: setting it makes XFS write the file out,
 * and wait for that. */
static int set_size(const struct job *j, uint64_t size_now)
{
	if (size_now == j->range.len_bytes && j->range.len_bytes == j->begun_bytes)
		return 0;
	return sys_ftruncate(j->c->dst_fd, j->range.len_bytes);
}

/* The destination reaches to the end of the range at least, and others may be filling other parts of it. */
static int reach_end(const struct job *j, uint64_t size_now)
{
	uint64_t end = j->range.dst_offset + j->range.len_bytes, old = (uint64_t)j->dst.st_size;

	/* A hole is at its end. ftruncate(2) might make a file shorter that has become longer just now; a
	 * byte of our own range never does. */
	if (j->range.len_bytes && size_now < end)
		return sys_pwrite_full(j->c->dst_fd, "", 1, end - 1);
	/* What came before the source was cut off, or in advance. Who wrote behind the range stays. */
	if (j->range.len_bytes < j->begun_bytes && size_now > MAX_OF(end, old) &&
	    size_now <= j->range.dst_offset + j->begun_bytes)
		return sys_ftruncate(j->c->dst_fd, j->range.len_bytes ? MAX_OF(end, old) : old);
	return 0;
}

static int finish_size(const struct job *j)
{
	struct stat now;
	int err = sys_fstat(j->c->dst_fd, &now);

	if (!err)
		err = j->c->whole ? set_size(j, (uint64_t)now.st_size)
				  : reach_end(j, (uint64_t)now.st_size);
	return err ? fail_sys(err, "setting the size of the destination") : 0;
}

static int verify(struct job *j)
{
	const struct verify v = {
		.src_fd = j->c->src_fd,
		.dst_fd = j->c->dst_fd,
		.src_offset = j->range.src_offset,
		.dst_offset = j->range.dst_offset,
		.len_bytes = j->range.len_bytes,
		.sums = &j->sums,
		.stop = j->c->stop,
	};
	struct stat now;
	int err;

	sums_settle(&j->sums);
	err = verify_run(&j->ladder->buffers, &v, &j->result->verified_bytes);
	if (err != -EBADMSG || sys_fstat(j->c->src_fd, &now))
		return err;
	/* What isn't covered by checksums was read from the source once more. */
	if (j->result->changed || is_changed(j, &now))
		return fail(-EAGAIN, "can't be verified: the source changed during the copy");
	return err;
}

/* The bytes that have arrived, with holes. */
static uint64_t arrived(const struct io_moved *moved)
{
	uint64_t sum = moved->hole_bytes;

	for (int i = 0; i < IO_RUNGS; i++)
		sum += moved->bytes[i];
	return sum;
}

static int copy_all(struct job *j)
{
	int err = look(j);

	j->begun_bytes = j->range.len_bytes;
	if (!err)
		err = copy(j);
	if (!err)
		err = look_again(j);
	if (!err && (j->begun_bytes || j->c->whole))
		err = finish_size(j);
	j->result->copied_bytes = err ? arrived(&j->result->moved) : j->range.len_bytes;
	return err;
}

static int run(struct job *j)
{
	int err = copy_all(j);

	if (!err && j->c->verify)
		err = verify(j);
	if (!err && stopped(j))
		err = -ECANCELED;
	if (!err && j->c->sync) {
		err = sys_fsync(j->c->dst_fd);
		if (err)
			err = fail_sys(err, "making the destination durable");
	}
	return err;
}

int filecopy_run(struct io_ladder *ladder, const struct filecopy *c,
		 struct filecopy_result *ret_result)
{
	struct job j = { .ladder = ladder, .c = c, .result = ret_result };
	int err;

	*ret_result = (struct filecopy_result){ 0 };
	sums_init(&j.sums);
	err = run(&j);
	sums_release(&j.sums);
	return err;
}
