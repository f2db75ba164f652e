/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The public face of copy/filecopy.h. Structs of callers are copied into ours by the size that they
 * were compiled with, so that older programs run with newer libraries.
 */
#include "lov/copy.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/sys.h"
#include "copy/filecopy.h"
#include "liblov/watched.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>

#define KNOWN_FLAGS (LOV_COPY_NO_SHARE | LOV_COPY_VERIFY | LOV_COPY_SYNC)
/* Smaller copies are over before anybody could see them go on. */
#define WATCHED_MIN_BYTES (4 * MIB)
#define INTERVAL_MS 100

_Static_assert(LOV_COPIER_MEMORY_MIN == IO_MEMORY_MIN, "one limit");

struct lov_copier {
	struct io_ladder ladder;
	struct bandwidth limit;
	unsigned int workers;
	atomic_bool stop;
};

/* No version of a struct is larger: what says so was never initialised. */
#define STRUCT_MAX 4096

/* least: the size up to what no copy can do without. */
static int check_size(const char *what, size_t given_size, size_t least)
{
	if (given_size < least || given_size > STRUCT_MAX)
		return fail(-EINVAL, "%s: struct_size is not set", what);
	return 0;
}

/* What the caller's struct has more than ours must be zero. */
static int take_struct(const char *what, const void *given, size_t given_size, size_t least,
		       void *ours, size_t size)
{
	const unsigned char *bytes = given;
	int err = check_size(what, given_size, least);

	if (err)
		return err;
	for (size_t i = size; i < given_size; i++) {
		if (bytes[i])
			return fail(-EINVAL, "%s: a newer version of the library is needed", what);
	}
	memset(ours, 0, size);
	memcpy(ours, given, MIN_OF(size, given_size));
	return 0;
}

/* ---- the copier ---- */

static int check_options(const struct lov_copier_options *o)
{
	if (o->memory_bytes && o->memory_bytes < LOV_COPIER_MEMORY_MIN)
		return fail(-EINVAL, "memory_bytes: at least %u are needed", LOV_COPIER_MEMORY_MIN);
	if (o->reserved)
		return fail(-EINVAL,
			    "lov_copier_options: a newer version of the library is needed");
	return 0;
}

int lov_copier_new(const struct lov_copier_options *options, struct lov_copier **ret_copier)
{
	struct lov_copier_options o = LOV_COPIER_OPTIONS_INIT;
	struct lov_copier *copier;
	int err = 0;

	error_clear();
	if (options)
		err = take_struct("lov_copier_options", options, options->struct_size,
				  sizeof(o.struct_size), &o, sizeof(o));
	if (!err)
		err = check_options(&o);
	if (err)
		return err;
	copier = malloc(sizeof(*copier));
	if (!copier)
		return fail(-ENOMEM, "out of memory");
	io_ladder_init(&copier->ladder, o.memory_bytes);
	bandwidth_init(&copier->limit, o.bytes_per_s);
	copier->workers = o.workers;
	atomic_init(&copier->stop, false);
	*ret_copier = copier;
	return 0;
}

void lov_copier_free(struct lov_copier *copier)
{
	if (!copier)
		return;
	bandwidth_release(&copier->limit);
	io_ladder_release(&copier->ladder);
	free(copier);
}

void lov_copier_stop(struct lov_copier *copier)
{
	atomic_store(&copier->stop, true);
}

int lov_copier_choice(struct lov_copier *copier, uint64_t src_dev, uint64_t dst_dev,
		      uint64_t *ret_kernel_bytes_per_s, uint64_t *ret_direct_bytes_per_s)
{
	struct io_choice c;
	enum contest_way way;

	for (unsigned int i = 0; !io_choice_at(&copier->ladder, i, &c); i++) {
		if (c.src != (dev_t)src_dev || c.dst != (dev_t)dst_dev)
			continue;
		if (!contest_decided(&c.contest, &way))
			return 0;
		*ret_kernel_bytes_per_s = c.contest.best_bytes_per_s[CONTEST_KERNEL];
		*ret_direct_bytes_per_s = c.contest.best_bytes_per_s[CONTEST_URING];
		return 1;
	}
	return 0;
}

/* ---- a copy ---- */

static int check_job(const struct lov_copy_job *job)
{
	if (job->flags & ~KNOWN_FLAGS)
		return fail(-EINVAL, "flags %#x: unknown", job->flags & ~KNOWN_FLAGS);
	/* Whatever the offsets say, bytes would go to the end. */
	if (fcntl(job->dst_fd, F_GETFL) & O_APPEND)
		return fail(-EINVAL, "the destination is open with O_APPEND, or not at all");
	return 0;
}

/* No version has less. */
static int check_result(const struct lov_copy_result *result)
{
	return result ? check_size("lov_copy_result", result->struct_size,
				   sizeof(struct lov_copy_result))
		      : 0;
}

/* What a newer program's struct has more than ours becomes 0. */
static void give_result(struct lov_copy_result *theirs, struct lov_copy_result ours)
{
	ours.struct_size = theirs->struct_size;
	memset(theirs, 0, ours.struct_size);
	memcpy(theirs, &ours, MIN_OF(sizeof(ours), ours.struct_size));
}

static struct lov_copy_result result_of(const struct filecopy_result *r, uint64_t elapsed_ns)
{
	return (struct lov_copy_result){
		.copied_bytes = r->copied_bytes,
		.shared_bytes = r->moved.bytes[IO_SHARE],
		.kernel_bytes = r->moved.bytes[IO_KERNEL],
		.direct_bytes = r->moved.direct_bytes,
		.uring_bytes = r->moved.bytes[IO_URING] - r->moved.direct_bytes,
		.buffered_bytes = r->moved.bytes[IO_RW],
		.hole_bytes = r->moved.hole_bytes,
		.verified_bytes = r->verified_bytes,
		.elapsed_ns = elapsed_ns,
		.source_changed = r->changed,
	};
}

static uint64_t total_of(const struct filecopy *c)
{
	struct stat st;
	uint64_t size;

	if (sys_fstat(c->src_fd, &st))
		return 0; /* there will be an error */
	size = (uint64_t)st.st_size;
	if (c->whole)
		return size;
	return c->src_offset < size ? MIN_OF(c->len_bytes, size - c->src_offset) : 0;
}

static int run(struct lov_copier *copier, const struct lov_copy_job *job, bool whole,
	       struct filecopy_result *ret_result)
{
	struct filecopy c = {
		.src_fd = job->src_fd,
		.dst_fd = job->dst_fd,
		.src_offset = job->src_offset,
		.dst_offset = job->dst_offset,
		.len_bytes = job->len_bytes,
		.whole = whole,
		.no_share = job->flags & LOV_COPY_NO_SHARE,
		.verify = job->flags & LOV_COPY_VERIFY,
		.sync = job->flags & LOV_COPY_SYNC,
		.workers = copier->workers,
		.limit = copier->limit.bytes_per_s ? &copier->limit : NULL,
		.stop = &copier->stop,
	};
	struct watched w = { .ladder = &copier->ladder,
			     .stop = &copier->stop,
			     .interval_ms = job->interval_ms ? job->interval_ms : INTERVAL_MS,
			     .progress = job->progress,
			     .cookie = job->cookie };

	if (atomic_load(&copier->stop))
		return fail(-ECANCELED, "stopped");
	if (job->progress)
		w.total_bytes = total_of(&c);
	if (w.total_bytes >= WATCHED_MIN_BYTES)
		return watched_run(&w, &c, ret_result);
	return watched_alone(&w, &c, ret_result);
}

static int copy(struct lov_copier *copier, const struct lov_copy_job *given, bool whole,
		struct lov_copy_result *ret_result)
{
	uint64_t began_ns = clock_now_ns();
	struct filecopy_result result = { 0 };
	struct lov_copy_job job;
	int err;

	error_clear();
	err = check_result(ret_result);
	if (err)
		return err;
	err = take_struct("lov_copy_job", given, given->struct_size,
			  offsetof(struct lov_copy_job, interval_ms), &job, sizeof(job));
	if (!err)
		err = check_job(&job);
	if (!err)
		err = run(copier, &job, whole, &result);
	if (ret_result)
		give_result(ret_result, result_of(&result, clock_now_ns() - began_ns));
	return err;
}

int lov_copy_range(struct lov_copier *copier, const struct lov_copy_job *job,
		   struct lov_copy_result *ret_result)
{
	return copy(copier, job, false, ret_result);
}

int lov_copy_file(struct lov_copier *copier, const struct lov_copy_job *job,
		  struct lov_copy_result *ret_result)
{
	return copy(copier, job, true, ret_result);
}

const char *lov_error_text(int err)
{
	return error_text(err);
}
