/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <unistd.h>

#include "exerciser/ex_ops.h"
#include "exerciser/ex_pick.h"

/* Shrinks, grows and small steps about as often. */
static uint64_t new_size(struct ex *x, const struct ex_file *f)
{
	uint64_t size = f->model.size;
	uint64_t kind = xrand_below(&x->rnd, 100);

	if (kind < 5)
		return 0;
	if (kind < 40)
		return ex_pick_off(x, size);
	if (kind < 60)
		size += xrand_below(&x->rnd, 9);
	else if (kind < 75)
		size -= xrand_below(&x->rnd, size < 8 ? size + 1 : 9);
	else
		size = ex_pick_off(x, f->model.capacity);
	return size < f->model.capacity ? size : f->model.capacity;
}

int ex_space_ftruncate(struct ex *x, struct ex_file *f)
{
	uint64_t size = new_size(x, f);

	ex_note(x, " to %#llx", (unsigned long long)size);
	if (ftruncate(f->fd, (off_t)size) < 0)
		return ex_fail_errno(x, "ftruncate");
	ex_model_resize(&f->model, size);
	return 0;
}

int ex_space_truncate(struct ex *x, struct ex_file *f)
{
	uint64_t size = new_size(x, f);
	char path[EX_PATH_MAX];

	ex_note(x, " to %#llx", (unsigned long long)size);
	ex_path(x, f->name, path);
	if (truncate(path, (off_t)size) < 0)
		return ex_fail_errno(x, "truncate");
	ex_model_resize(&f->model, size);
	return 0;
}

/* 1 when done, 0 when the file system can't, -1 after a reported failure. */
static int try_fallocate(struct ex *x, struct ex_file *f, int mode, struct ex_range r)
{
	ex_note(x, " %#llx + %#llx%s", (unsigned long long)r.off, (unsigned long long)r.len,
		mode & FALLOC_FL_KEEP_SIZE ? " keep size" : "");
	if (fallocate(f->fd, mode, (off_t)r.off, (off_t)r.len) == 0)
		return 1;
	if (errno != EOPNOTSUPP)
		return ex_fail_errno(x, "fallocate");
	ex_note(x, ": not supported");
	return 0;
}

/* The part of a range that lies before the end of the file. */
static void zero_inside(struct ex_model *m, struct ex_range r)
{
	ex_model_zero(m, r.off, ex_model_readable(m, r.off, r.len));
}

int ex_space_allocate(struct ex *x, struct ex_file *f)
{
	struct ex_range r = ex_pick_write(x, f);
	int mode = xrand_chance(&x->rnd, 50) ? FALLOC_FL_KEEP_SIZE : 0;
	int rc = try_fallocate(x, f, mode, r);

	if (rc > 0 && mode == 0)
		ex_model_grow(&f->model, r.off + r.len);
	return rc < 0 ? -1 : 0;
}

int ex_space_punch(struct ex *x, struct ex_file *f)
{
	struct ex_range r = ex_pick_write(x, f);
	int rc = try_fallocate(x, f, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, r);

	if (rc > 0)
		zero_inside(&f->model, r);
	return rc < 0 ? -1 : 0;
}

int ex_space_zero(struct ex *x, struct ex_file *f)
{
	struct ex_range r = ex_pick_write(x, f);
	int keep = xrand_chance(&x->rnd, 50) ? FALLOC_FL_KEEP_SIZE : 0;
	int rc = try_fallocate(x, f, FALLOC_FL_ZERO_RANGE | keep, r);

	if (rc > 0) {
		zero_inside(&f->model, r);
		if (keep == 0)
			ex_model_grow(&f->model, r.off + r.len);
	}
	return rc < 0 ? -1 : 0;
}

int ex_space_collapse(struct ex *x, struct ex_file *f)
{
	struct ex_range r = ex_pick_aligned(f, ex_pick_inside(x, f));
	int rc;

	/* A collapse that reaches the end is refused; that is what truncate is for. */
	if (r.len == 0 || r.off + r.len >= f->model.size)
		return 0;
	rc = try_fallocate(x, f, FALLOC_FL_COLLAPSE_RANGE, r);
	if (rc > 0)
		ex_model_collapse(&f->model, r.off, r.len);
	return rc < 0 ? -1 : 0;
}

int ex_space_insert(struct ex *x, struct ex_file *f)
{
	struct ex_range r = ex_pick_aligned(f, ex_pick_inside(x, f));
	int rc;

	if (r.len == 0 || f->model.size + r.len > f->model.capacity)
		return 0;
	rc = try_fallocate(x, f, FALLOC_FL_INSERT_RANGE, r);
	if (rc > 0)
		ex_model_insert(&f->model, r.off, r.len);
	return rc < 0 ? -1 : 0;
}
