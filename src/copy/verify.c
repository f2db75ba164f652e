/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The range is cut into steps: one for each checksum, and what lies between them in lengths of a buffer.
 * Threads take them in order; each has one buffer, the halves of which are for destination and source.
 */
#include "copy/verify.h"

#include "base/checked.h"
#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"
#include "io/direct.h"
#include "io/extent_map.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define THREADS 8
#define HALF (BUFFER_BYTES / 2)
/* Direct reads begin and end at multiples of this; what is asked for fits a half with them. */
#define ALIGN_MAX (16 * KIB)
#define READ_BYTES (HALF - 2 * ALIGN_MAX)
/* What a thread takes at a time where there are no checksums. */
#define PLAIN_BYTES (4 * MIB)

struct check {
	const struct verify *v;
	struct buffers *buffers;
	int read_fd;               /* of the destination */
	uint32_t align_bytes;      /* of reads from it */
	struct extent_map extents; /* of both files */

	pthread_mutex_t lock;
	/* guarded by lock: */
	size_t next_sum;
	uint64_t pos; /* in the destination: what is before it is taken */
	uint64_t verified_bytes;
	int err; /* the first */
	char text[ERROR_TEXT_MAX];
};

struct step {
	uint64_t offset, len_bytes; /* in the destination */
	const struct sum *sum;      /* NULL: compare with the source */
};

/* ---- what there is to do ---- */

static bool take_step(struct check *c, struct step *ret)
{
	const struct sums *sums = c->v->sums;
	uint64_t end = c->v->dst_offset + c->v->len_bytes;
	bool got = false;

	pthread_mutex_lock(&c->lock);
	/* Sums that begin before or end behind the range can't be compared with. */
	while (c->next_sum < sums->count &&
	       (sums->list[c->next_sum].offset < c->pos ||
		sums->list[c->next_sum].offset + sums->list[c->next_sum].len_bytes > end))
		c->next_sum++;
	if (!c->err && c->pos < end) {
		const struct sum *sum = c->next_sum < sums->count ? &sums->list[c->next_sum] : NULL;
		uint64_t to = sum ? sum->offset : end;

		if (to > c->pos) {
			*ret = (struct step){ .offset = c->pos,
					      .len_bytes = MIN_OF(to - c->pos, PLAIN_BYTES) };
		} else {
			*ret = (struct step){ c->pos, sum->len_bytes, sum };
			c->next_sum++;
		}
		c->pos += ret->len_bytes;
		got = true;
	}
	pthread_mutex_unlock(&c->lock);
	return got;
}

static void end_step(struct check *c, const struct step *s, int err)
{
	pthread_mutex_lock(&c->lock);
	if (!err)
		c->verified_bytes += s->len_bytes;
	else if (!c->err) {
		c->err = err;
		snprintf(c->text, sizeof(c->text), "%s", error_text(err));
	}
	pthread_mutex_unlock(&c->lock);
}

/* ---- one step ---- */

static int differs(uint64_t offset)
{
	return fail(-EBADMSG, "the copy differs from the source near offset %" PRIu64, offset);
}

/* At most READ_BYTES of the destination; *ret_at is where in buf they are. */
static int read_back(const struct check *c, uint64_t offset, size_t len_bytes, unsigned char *buf,
		     unsigned char **ret_at)
{
	uint64_t from = align_down(offset, c->align_bytes);
	/* Past the largest offset the kernel reads nothing. */
	uint64_t to = MIN_OF(align_up(offset + len_bytes, c->align_bytes), (uint64_t)INT64_MAX);
	size_t skip = (size_t)(offset - from), have = 0;

	while (have < skip + len_bytes) {
		/* A direct read ends within a block where the file does, or for reasons of its own: the
		 * other descriptor can tell. */
		bool cut = have % c->align_bytes || (to - from) % c->align_bytes;
		int fd = cut ? c->v->dst_fd : c->read_fd;
		ssize_t n = sys_pread(fd, buf + have, (size_t)(to - from) - have, from + have);

		if (n < 0)
			return fail_sys((int)n, "reading the copy at offset %" PRIu64, offset);
		if (n == 0)
			break;
		have += (size_t)n;
	}
	if (have < skip + len_bytes)
		return fail(-EBADMSG, "the copy ends at offset %" PRIu64, from + have);
	*ret_at = buf + skip;
	return 0;
}

static bool stopped(const struct check *c)
{
	return c->v->stop && atomic_load(c->v->stop);
}

static int check_sum(const struct check *c, const struct step *s, unsigned char *buf)
{
	uint32_t crc = 0;

	for (uint64_t done = 0; done < s->len_bytes;) {
		size_t n = (size_t)MIN_OF(READ_BYTES, s->len_bytes - done);
		unsigned char *at;
		int err = stopped(c) ? -ECANCELED : read_back(c, s->offset + done, n, buf, &at);

		if (err)
			return err;
		crc = sums_crc32c(crc, at, n);
		done += n;
	}
	return crc == s->sum->crc32c ? 0 : differs(s->offset);
}

/* The same bytes of the source, zeros behind its end. */
static int read_source(const struct check *c, uint64_t offset, size_t len_bytes, unsigned char *buf)
{
	uint64_t src = c->v->src_offset + (offset - c->v->dst_offset);
	ssize_t n = sys_pread_full(c->v->src_fd, buf, len_bytes, src);

	if (n < 0)
		return fail_sys((int)n, "reading the source at offset %" PRIu64, src);
	memset(buf + n, 0, len_bytes - (size_t)n);
	return 0;
}

static int both_are_holes(struct check *c, uint64_t offset, uint64_t end, bool *ret_holes,
			  uint64_t *ret_end)
{
	uint64_t shift = c->v->src_offset - c->v->dst_offset; /* may wrap: and wraps back */
	uint64_t src_end, dst_end;
	bool src_hole, dst_hole;
	int err = extent_map_look(&c->extents, c->v->src_fd, offset + shift, c->v->stop, &src_hole,
				  &src_end, NULL);

	if (!err)
		err = extent_map_look(&c->extents, c->v->dst_fd, offset, c->v->stop, &dst_hole,
				      &dst_end, NULL);
	if (err)
		return err;
	*ret_holes = src_hole && dst_hole;
	*ret_end = MIN_OF(MIN_OF(src_end, end + shift) - shift, MIN_OF(dst_end, end));
	return 0;
}

static uint64_t range_end(const struct check *c)
{
	return c->v->dst_offset + c->v->len_bytes;
}

/* What of a hole nobody has taken yet, up to where there are checksums, is done with it. */
static void pass_hole(struct check *c, uint64_t to)
{
	const struct sums *sums = c->v->sums;

	pthread_mutex_lock(&c->lock);
	if (c->next_sum < sums->count)
		to = MIN_OF(to, sums->list[c->next_sum].offset);
	if (c->pos < to) {
		c->verified_bytes += to - c->pos;
		c->pos = to;
	}
	pthread_mutex_unlock(&c->lock);
}

static int compare(struct check *c, const struct step *s, unsigned char *buf)
{
	uint64_t pos = s->offset, end = s->offset + s->len_bytes;

	while (pos < end) {
		unsigned char *at, *source = buf + HALF;
		uint64_t next;
		bool holes;
		size_t n;
		int err = stopped(c) ? -ECANCELED
				     : both_are_holes(c, pos, range_end(c), &holes, &next);

		if (err)
			return err;
		if (holes && next > end)
			pass_hole(c, next);
		next = MIN_OF(next, end);
		for (; !holes && pos < next; pos += n) {
			n = (size_t)MIN_OF(READ_BYTES, next - pos);
			err = read_back(c, pos, n, buf, &at);
			if (!err)
				err = read_source(c, pos, n, source);
			if (!err && memcmp(at, source, n) != 0)
				err = differs(pos);
			if (err)
				return err;
		}
		pos = next;
	}
	return 0;
}

static void *work(void *arg)
{
	struct check *c = arg;
	unsigned char *buf = buffers_take(c->buffers);
	struct step s = { 0 };

	if (!buf)
		end_step(c, &s, fail(-ENOMEM, "verifying: out of memory"));
	while (buf && take_step(c, &s)) {
		int err = stopped(c) ? -ECANCELED : 0;

		if (!err)
			err = s.sum ? check_sum(c, &s, buf) : compare(c, &s, buf);
		end_step(c, &s, err);
	}
	buffers_give(c->buffers, buf);
	return NULL;
}

/* ---- all of it ---- */

static void work_together(struct check *c)
{
	pthread_t threads[THREADS - 1];
	unsigned int made = 0, worth = (unsigned int)MIN_OF(c->v->len_bytes / MIB, THREADS - 1);
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (made < worth && !pthread_create(&threads[made], NULL, work, c))
		made++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	work(c);
	while (made > 0)
		pthread_join(threads[--made], NULL);
}

/* Nothing of the range is left in memory, so that reading it asks the device. */
static int empty_cache(const struct verify *v)
{
	int err = sys_fdatasync(v->dst_fd);

	if (err)
		return fail_sys(err, "writing the copy out");
	(void)!sys_fadvise(v->dst_fd, v->dst_offset, v->len_bytes, POSIX_FADV_DONTNEED);
	return 0;
}

/* A hole at the end has no bytes that could be missed. */
static int check_size(const struct verify *v)
{
	struct stat st;
	int err = sys_fstat(v->dst_fd, &st);

	if (err)
		return fail_sys(err, "size of the copy");
	if ((uint64_t)st.st_size < v->dst_offset + v->len_bytes)
		return fail(-EBADMSG, "the copy ends at offset %" PRIu64, (uint64_t)st.st_size);
	return 0;
}

int verify_run(struct buffers *buffers, const struct verify *v, uint64_t *ret_verified_bytes)
{
	CLEANUP_FD int direct = -1;
	struct check c = { .v = v,
			   .buffers = buffers,
			   .read_fd = v->dst_fd,
			   .align_bytes = 1,
			   .pos = v->dst_offset };
	uint32_t align;
	int err;

	*ret_verified_bytes = 0;
	if (v->len_bytes == 0)
		return 0;
	err = empty_cache(v);
	if (!err)
		err = check_size(v);
	if (err)
		return err;
	if (!direct_open(v->dst_fd, O_RDONLY, BUFFER_ALIGN, &direct, &align) &&
	    align <= ALIGN_MAX) {
		c.read_fd = direct;
		c.align_bytes = align;
	}
	pthread_mutex_init(&c.lock, NULL);
	extent_map_init(&c.extents);
	work_together(&c);
	extent_map_release(&c.extents);
	pthread_mutex_destroy(&c.lock);
	*ret_verified_bytes = c.verified_bytes;
	if (c.err == -ECANCELED)
		return c.err;
	return c.err ? fail(c.err, "%s", c.text) : 0;
}
