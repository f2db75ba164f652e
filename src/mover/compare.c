/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/compare.h"

#include "base/checked.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"
#include "io/extent_map.h"
#include "mover/aligned.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PIECE_BYTES (4 * MIB)
#define TICK_NS (100 * NS_PER_MS) /* between two calls of progress() */

struct difference {
	uint64_t start, end; /* not told yet; start == end: none */
};

struct compare {
	const struct compare_request *req;
	struct copy_memory own;       /* where the request has none */
	unsigned int reference;       /* what the others are compared with */
	unsigned int readable;        /* how many are */
	bool lost[COMPARE_FILES_MAX]; /* can't be read any more */
	uint64_t sizes[COMPARE_FILES_MAX];
	struct difference open[COMPARE_FILES_MAX];
	struct extent_map extents; /* of all files */
	uint64_t compared_bytes, ticked_ns;
	uint8_t *expected, *other; /* PIECE_BYTES each; for one piece */
};

/* ---- telling ---- */

static int tell(struct compare *c, unsigned int i)
{
	struct difference d = c->open[i];

	c->open[i] = (struct difference){ 0 };
	return d.start == d.end ? 0
				: c->req->differs(i, c->reference, d.start, d.end, c->req->cookie);
}

static int note(struct compare *c, unsigned int i, uint64_t start, uint64_t end)
{
	int err;

	if (c->open[i].start != c->open[i].end && c->open[i].end == start) {
		c->open[i].end = end;
		return 0;
	}
	err = tell(c, i);
	c->open[i] = (struct difference){ .start = start, .end = end };
	return err;
}

static void report(struct compare *c, uint64_t pos, bool last)
{
	uint64_t now = clock_now_ns();

	if (!c->req->progress || (!last && now - c->ticked_ns < TICK_NS))
		return;
	c->ticked_ns = now;
	c->req->progress(MIN_OF(pos, c->sizes[c->reference]), c->sizes[c->reference],
			 c->req->cookie);
}

/* ---- what can't be read ---- */

/* All that was found so far was found with the old reference. */
static int next_reference(struct compare *c)
{
	int err = 0;

	for (unsigned int i = 0; i < c->req->count && !err; i++)
		err = tell(c, i);
	while (c->reference < c->req->count && c->lost[c->reference])
		c->reference++;
	return err;
}

/* File `i` failed with err: 0 where the others are to be compared further. */
static int lose(struct compare *c, unsigned int i, int err)
{
	char why[ERROR_TEXT_MAX];
	int cause = err;

	if (!c->req->unreadable || err == -ENOMEM || err == -ECANCELED)
		return err;
	snprintf(why, sizeof(why), "%s", error_text(err));
	err = tell(c, i);
	c->lost[i] = true;
	c->readable--;
	if (!err)
		err = c->req->unreadable(i, fail(cause, "%s", why), c->req->cookie);
	if (!err && i == c->reference && c->readable)
		err = next_reference(c);
	return err;
}

/* ---- comparing ---- */

/* *pos goes over what is a hole in all files; up to *ret_to what is there is the same kind in each. */
static int skip_holes(struct compare *c, uint64_t *pos, uint64_t end, uint64_t *ret_to)
{
	bool all_holes = true;

	*ret_to = end;
	for (unsigned int i = 0; i < c->req->count; i++) {
		uint64_t to = end;
		bool hole = true;
		int err = c->lost[i] ? 0
				     : extent_map_look(&c->extents, c->req->fds[i], *pos,
						       c->req->stop, &hole, &to, NULL);

		if (err)
			err = lose(c, i, err);
		if (err)
			return err;
		all_holes = all_holes && hole;
		*ret_to = MIN_OF(*ret_to, to);
	}
	if (all_holes)
		*pos = *ret_to < end ? MAX_OF(*pos, align_down(*ret_to, COMPARE_GRAIN_BYTES)) : end;
	if (all_holes && *ret_to < end)
		*ret_to = *pos + COMPARE_GRAIN_BYTES;
	*ret_to = MIN_OF(end, align_up(*ret_to, COMPARE_GRAIN_BYTES));
	return 0;
}

/* What is missing at the end, as somebody is writing, reads as zeros: it will be noticed elsewhere. */
static int read_piece(struct compare *c, unsigned int i, uint64_t pos, size_t len, uint8_t *buf)
{
	ssize_t n = aligned_read(c->req->fds[i], buf, aligned_up(len), pos);

	if (n < 0)
		return lose(c, i, fail_sys((int)n, "cannot read at offset %" PRIu64, pos));
	if ((size_t)n < len)
		memset(buf + n, 0, len - (size_t)n);
	bandwidth_take(c->req->limit, len, c->req->stop);
	return 0;
}

/* Of the first that can be read; there may be none. */
static int read_expected(struct compare *c, uint64_t pos, size_t len)
{
	unsigned int asked;
	int err;

	do {
		asked = c->reference;
		err = read_piece(c, asked, pos, len, c->expected);
	} while (!err && c->readable > 1 && c->reference != asked);
	return err;
}

static int compare_piece(struct compare *c, unsigned int i, uint64_t pos, size_t len)
{
	int err = 0;

	if (memcmp(c->expected, c->other, len) == 0)
		return 0;
	for (size_t at = 0; at < len && !err; at += COMPARE_GRAIN_BYTES) {
		size_t n = MIN_OF(len - at, COMPARE_GRAIN_BYTES);

		if (memcmp(c->expected + at, c->other + at, n) != 0)
			err = note(c, i, pos + at, pos + at + n);
	}
	return err;
}

/* One file, as far as it shares the range with the reference. */
static int compare_one(struct compare *c, unsigned int i, uint64_t pos, size_t len)
{
	uint64_t shared = MIN_OF(c->sizes[c->reference], c->sizes[i]);
	size_t n = shared > pos ? (size_t)MIN_OF(shared - pos, len) : 0;
	int err;

	if (n == 0)
		return 0;
	err = read_piece(c, i, pos, n, c->other);
	if (!err && !c->lost[i]) {
		err = compare_piece(c, i, pos, n);
		c->compared_bytes += n;
	}
	return err;
}

static int compare_with_memory(struct compare *c, uint64_t pos, size_t len)
{
	int err = read_expected(c, pos, len);

	for (unsigned int i = 0; i < c->req->count && !err && c->readable > 1; i++) {
		if (i != c->reference && !c->lost[i])
			err = compare_one(c, i, pos, len);
	}
	return err;
}

/* The memory is given back after each piece: other files wait for it. */
static int compare_at(struct compare *c, uint64_t pos, size_t len)
{
	struct copy_memory *memory = c->req->memory ? c->req->memory : &c->own;
	int err;

	c->expected = copy_memory_take(memory, 2 * PIECE_BYTES);
	if (!c->expected)
		return fail(-ENOMEM, "no memory");
	c->other = c->expected + PIECE_BYTES;
	err = compare_with_memory(c, pos, len);
	copy_memory_give(memory, c->expected, 2 * PIECE_BYTES);
	return err;
}

static int compare_all(struct compare *c)
{
	uint64_t pos = 0;
	int err = 0;

	while (!err && c->readable > 1 && pos < c->sizes[c->reference]) {
		uint64_t end = c->sizes[c->reference], to;
		size_t len;

		if (c->req->stop && atomic_load(c->req->stop))
			return fail(-ECANCELED, "interrupted");
		err = skip_holes(c, &pos, end, &to);
		if (err || c->readable < 2 || pos >= end)
			continue;
		len = (size_t)MIN_OF(PIECE_BYTES - pos % PIECE_BYTES, to - pos);
		err = compare_at(c, pos, len);
		pos += len;
		report(c, pos, false);
	}
	return err;
}

/* ---- sizes ---- */

static int ask_sizes(struct compare *c)
{
	struct stat st;

	for (unsigned int i = 0; i < c->req->count; i++) {
		int err = sys_fstat(c->req->fds[i], &st);

		if (err)
			err = lose(c, i, fail_sys(err, "cannot read its attributes"));
		if (err)
			return err;
		c->sizes[i] = c->lost[i] ? 0 : (uint64_t)st.st_size;
	}
	return 0;
}

/* From the smaller size on all is different. */
static int tell_rest(struct compare *c)
{
	uint64_t size = c->sizes[c->reference];
	int err = 0;

	for (unsigned int i = 0; i < c->req->count && !err && c->readable > 1; i++) {
		if (i == c->reference || c->lost[i])
			continue;
		if (c->sizes[i] != size)
			err = note(c, i, MIN_OF(size, c->sizes[i]), MAX_OF(size, c->sizes[i]));
		if (!err)
			err = tell(c, i);
	}
	return err;
}

int compare_run(const struct compare_request *req, uint64_t *ret_bytes)
{
	struct compare c = { .req = req, .readable = req->count };
	int err;

	copy_memory_init(&c.own, COPY_MEMORY_FILE);
	extent_map_init(&c.extents);
	err = ask_sizes(&c);
	if (!err)
		err = compare_all(&c);
	extent_map_release(&c.extents);
	copy_memory_release(&c.own);
	if (err == -ECANCELED)
		return fail(err, "interrupted");
	if (!err)
		err = tell_rest(&c);
	if (err)
		return err;
	if (c.readable)
		report(&c, c.sizes[c.reference], true);
	*ret_bytes = c.compared_bytes;
	return 0;
}
