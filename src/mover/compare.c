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
#include <string.h>
#include <unistd.h>

#define PIECE_BYTES (4 * MIB)
#define TICK_NS (100 * NS_PER_MS) /* between two calls of progress() */

struct difference {
	uint64_t start, end; /* not told yet; start == end: none */
};

struct compare {
	const struct compare_request *req;
	uint64_t sizes[COMPARE_FILES_MAX];
	struct difference open[COMPARE_FILES_MAX];
	struct extent_map extents; /* of all files */
	uint64_t compared_bytes, ticked_ns;
	uint8_t *reference, *other; /* PIECE_BYTES each */
};

/* ---- telling ---- */

static int tell(struct compare *c, unsigned int i)
{
	struct difference d = c->open[i];

	c->open[i] = (struct difference){ 0 };
	return d.start == d.end ? 0 : c->req->differs(i, d.start, d.end, c->req->cookie);
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
	c->req->progress(MIN_OF(pos, c->sizes[0]), c->sizes[0], c->req->cookie);
}

/* ---- comparing ---- */

/* *pos goes over what is a hole in all files; up to *ret_to what is there is the same kind in each. */
static int skip_holes(struct compare *c, uint64_t *pos, uint64_t end, uint64_t *ret_to)
{
	bool all_holes = true;

	*ret_to = end;
	for (unsigned int i = 0; i < c->req->count; i++) {
		uint64_t to;
		bool hole;
		int err = extent_map_look(&c->extents, c->req->fds[i], *pos, c->req->stop, &hole,
					  &to, NULL);

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
		return fail_sys((int)n, "cannot read at offset %" PRIu64, pos);
	if ((size_t)n < len)
		memset(buf + n, 0, len - (size_t)n);
	bandwidth_take(c->req->limit, len, c->req->stop);
	return 0;
}

static int compare_piece(struct compare *c, unsigned int i, uint64_t pos, size_t len)
{
	int err = 0;

	if (memcmp(c->reference, c->other, len) == 0)
		return 0;
	for (size_t at = 0; at < len && !err; at += COMPARE_GRAIN_BYTES) {
		size_t n = MIN_OF(len - at, COMPARE_GRAIN_BYTES);

		if (memcmp(c->reference + at, c->other + at, n) != 0)
			err = note(c, i, pos + at, pos + at + n);
	}
	return err;
}

/* All files, as far as each shares it with the first. */
static int compare_at(struct compare *c, uint64_t pos, size_t len)
{
	int err = read_piece(c, 0, pos, len, c->reference);

	for (unsigned int i = 1; i < c->req->count && !err; i++) {
		uint64_t shared = MIN_OF(c->sizes[0], c->sizes[i]);
		size_t n = shared > pos ? (size_t)MIN_OF(shared - pos, len) : 0;

		if (n == 0)
			continue;
		err = read_piece(c, i, pos, n, c->other);
		if (!err)
			err = compare_piece(c, i, pos, n);
		c->compared_bytes += n;
	}
	return err;
}

static int compare_all(struct compare *c)
{
	uint64_t pos = 0, end = c->sizes[0];
	int err = 0;

	while (!err && pos < end) {
		uint64_t to;
		size_t len;

		if (c->req->stop && atomic_load(c->req->stop))
			return -ECANCELED;
		err = skip_holes(c, &pos, end, &to);
		if (err || pos >= end)
			break;
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
			return fail_sys(err, "cannot read its attributes");
		c->sizes[i] = (uint64_t)st.st_size;
	}
	return 0;
}

/* From the smaller size on all is different. */
static int tell_rest(struct compare *c)
{
	int err = 0;

	for (unsigned int i = 1; i < c->req->count && !err; i++) {
		uint64_t a = MIN_OF(c->sizes[0], c->sizes[i]), b = MAX_OF(c->sizes[0], c->sizes[i]);

		if (a != b)
			err = note(c, i, a, b);
		if (!err)
			err = tell(c, i);
	}
	return err;
}

int compare_run(const struct compare_request *req, uint64_t *ret_bytes)
{
	CLEANUP_FREE uint8_t *buf = aligned_new(2 * PIECE_BYTES);
	struct compare c = { .req = req, .reference = buf, .other = buf + PIECE_BYTES };
	int err;

	if (!buf)
		return fail(-ENOMEM, "no memory");
	extent_map_init(&c.extents);
	err = ask_sizes(&c);
	if (!err)
		err = compare_all(&c);
	extent_map_release(&c.extents);
	if (err == -ECANCELED)
		return fail(err, "interrupted");
	if (!err)
		err = tell_rest(&c);
	if (err)
		return err;
	report(&c, c.sizes[0], true);
	*ret_bytes = c.compared_bytes;
	return 0;
}
