/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exerciser/ex_pick.h"

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t ex_pick_len(struct ex *x)
{
	uint64_t kind = xrand_below(&x->rnd, 100);
	uint64_t len;

	if (kind < 30)
		return xrand_between(&x->rnd, 1, 64);
	if (kind < 65)
		len = xrand_between(&x->rnd, 1, 8 << 10);
	else if (kind < 88)
		len = xrand_between(&x->rnd, 1, 128 << 10);
	else if (kind < 97)
		len = xrand_between(&x->rnd, 1, 512 << 10);
	else
		len = xrand_between(&x->rnd, 1, EX_IO_MAX);
	if (xrand_chance(&x->rnd, 40))
		len = (len + 4095) / 4096 * 4096;
	return len;
}

/* A multiple of a block, page or stripe size, or a few bytes beside one. */
static uint64_t near_boundary(struct ex *x, uint64_t limit)
{
	static const uint64_t steps[] = { 512, 4096, 4096, 64 << 10, 64 << 10, 1 << 20 };
	uint64_t step = steps[xrand_below(&x->rnd, sizeof(steps) / sizeof(steps[0]))];
	uint64_t off = step * xrand_below(&x->rnd, limit / step + 1);

	if (xrand_chance(&x->rnd, 60))
		return off;
	off += xrand_below(&x->rnd, 9);
	return off < 8 ? off : off - xrand_below(&x->rnd, 9);
}

uint64_t ex_pick_off(struct ex *x, uint64_t limit)
{
	uint64_t off = xrand_chance(&x->rnd, 60) ? near_boundary(x, limit)
						 : xrand_between(&x->rnd, 0, limit);

	return min_u64(off, limit);
}

struct ex_range ex_pick_write(struct ex *x, const struct ex_file *f)
{
	uint64_t kind = xrand_below(&x->rnd, 100);
	uint64_t last = f->model.capacity - 1;
	struct ex_range r;

	if (kind < 60)
		r.off = min_u64(ex_pick_off(x, f->model.size), last);
	else if (kind < 80)
		r.off = min_u64(f->model.size + xrand_below(&x->rnd, 9), last);
	else if (kind < 90)
		r.off = min_u64(f->model.size + xrand_below(&x->rnd, 256 << 10), last);
	else
		r.off = ex_pick_off(x, last);
	r.len = min_u64(ex_pick_len(x), f->model.capacity - r.off);
	return r;
}

struct ex_range ex_pick_read(struct ex *x, const struct ex_file *f)
{
	struct ex_range r = { ex_pick_off(x, f->model.size), ex_pick_len(x) };

	if (xrand_chance(&x->rnd, 5))
		r.off = f->model.size + xrand_below(&x->rnd, 1 << 20);
	return r;
}

struct ex_range ex_pick_inside(struct ex *x, const struct ex_file *f)
{
	struct ex_range r = { 0, 0 };

	if (f->model.size == 0)
		return r;
	r.off = ex_pick_off(x, f->model.size - 1);
	r.len = min_u64(ex_pick_len(x), f->model.size - r.off);
	return r;
}

struct ex_range ex_pick_aligned(const struct ex_file *f, struct ex_range r)
{
	uint64_t off = r.off / EX_ALIGN * EX_ALIGN;
	uint64_t end = (r.off + r.len + EX_ALIGN - 1) / EX_ALIGN * EX_ALIGN;

	/* The widened range must still fit x->buf. */
	end = min_u64(min_u64(end, f->model.capacity), off + EX_IO_MAX);
	return (struct ex_range){ off, end > off ? end - off : 0 };
}
