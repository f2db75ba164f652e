/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lseek(2): a file system may call anything data, but whatever it calls a hole reads as zeros, the
 * end of the file is a hole, and an offset at or past the end is ENXIO.
 */
#include <errno.h>
#include <unistd.h>

#include "exerciser/ex_ops.h"
#include "exerciser/ex_pick.h"

/*
 * FUSE asks the server without writing back pages dirtied through a mapping, so a hole may be
 * reported under them. That is the kernel's, not the file system's: sync such pages first. With
 * FUSE's writeback cache the same holds for all writes (--seek-synced).
 */
static int settle(struct ex *x, struct ex_file *f)
{
	if (!f->map_dirty && !x->opts->seek_synced)
		return 0;
	f->map_dirty = false;
	return fsync(f->fd) < 0 ? ex_fail_errno(x, "fsync") : 0;
}

static int want_hole(struct ex *x, const struct ex_file *f, uint64_t off, uint64_t end)
{
	if (ex_model_is_zero(&f->model, off, end))
		return 0;
	return ex_fail(x, "%s: hole reported at [%#llx, %#llx) where there is data", f->name,
		       (unsigned long long)off, (unsigned long long)end);
}

/* The next data at or after off, or the file's size when there is none. */
static int next_data(struct ex *x, const struct ex_file *f, uint64_t off, uint64_t *ret_data)
{
	off_t got = lseek(f->fd, (off_t)off, SEEK_DATA);

	if (got < 0 && errno != ENXIO)
		return ex_fail_errno(x, "SEEK_DATA");
	if (got >= 0 && ((uint64_t)got < off || (uint64_t)got >= f->model.size))
		return ex_fail(x, "SEEK_DATA from %#llx gave %#llx, size %#llx",
			       (unsigned long long)off, (unsigned long long)got,
			       (unsigned long long)f->model.size);
	*ret_data = got < 0 ? f->model.size : (uint64_t)got;
	return want_hole(x, f, off, *ret_data);
}

static int next_hole(struct ex *x, const struct ex_file *f, uint64_t off, uint64_t *ret_hole)
{
	off_t got = lseek(f->fd, (off_t)off, SEEK_HOLE);

	if (got < 0)
		return ex_fail_errno(x, "SEEK_HOLE");
	if ((uint64_t)got < off || (uint64_t)got > f->model.size)
		return ex_fail(x, "SEEK_HOLE from %#llx gave %#llx, size %#llx",
			       (unsigned long long)off, (unsigned long long)got,
			       (unsigned long long)f->model.size);
	*ret_hole = (uint64_t)got;
	return 0;
}

static int past_end(struct ex *x, const struct ex_file *f, uint64_t off)
{
	if (lseek(f->fd, (off_t)off, SEEK_DATA) >= 0 || errno != ENXIO)
		return ex_fail(x, "SEEK_DATA past the end is not ENXIO");
	if (lseek(f->fd, (off_t)off, SEEK_HOLE) >= 0 || errno != ENXIO)
		return ex_fail(x, "SEEK_HOLE past the end is not ENXIO");
	return 0;
}

int ex_seek_one(struct ex *x, struct ex_file *f)
{
	struct ex_range r = ex_pick_read(x, f);
	uint64_t data, hole;

	ex_note(x, " from %#llx", (unsigned long long)r.off);
	if (settle(x, f))
		return -1;
	if (r.off >= f->model.size)
		return past_end(x, f, r.off);
	if (next_data(x, f, r.off, &data) || next_hole(x, f, r.off, &hole))
		return -1;
	/* The offset is in data or in a hole, and both answers must say the same. */
	if ((data == r.off) == (hole == r.off))
		return ex_fail(x, "%#llx: SEEK_DATA says %#llx, SEEK_HOLE %#llx",
			       (unsigned long long)r.off, (unsigned long long)data,
			       (unsigned long long)hole);
	return 0;
}

int ex_seek_walk(struct ex *x, struct ex_file *f)
{
	uint64_t at = 0, data, hole;

	if (settle(x, f))
		return -1;
	while (at < f->model.size) {
		if (next_data(x, f, at, &data))
			return -1;
		if (data == f->model.size)
			break;
		if (next_hole(x, f, data, &hole))
			return -1;
		if (hole <= data)
			return ex_fail(x, "no data at %#llx, where SEEK_DATA found some",
				       (unsigned long long)data);
		at = hole;
	}
	return past_end(x, f, f->model.size);
}
