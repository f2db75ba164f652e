/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "exerciser/ex_ops.h"
#include "exerciser/ex_pick.h"

struct window {
	unsigned char *base; /* page aligned */
	size_t len;
	size_t skip; /* from base to the range's first byte */
};

static int window_map(struct ex *x, const struct ex_file *f, struct ex_range r, int prot, int flags,
		      struct window *w)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t start = r.off / page * page;

	w->skip = r.off - start;
	w->len = r.len + w->skip;
	w->base = mmap(NULL, w->len, prot, flags, f->fd, (off_t)start);
	return w->base == MAP_FAILED ? ex_fail_errno(x, "mmap") : 0;
}

static void window_unmap(struct window *w)
{
	munmap(w->base, w->len);
}

/* Sometimes a store beyond the end, after the file was made longer. */
static int store_range(struct ex *x, struct ex_file *f, struct ex_range *ret_range)
{
	struct ex_range r = ex_pick_inside(x, f);

	if (r.len == 0 || xrand_chance(&x->rnd, 20)) {
		r = ex_pick_write(x, f);
		if (r.off + r.len > f->model.size) {
			if (ftruncate(f->fd, (off_t)(r.off + r.len)) < 0)
				return ex_fail_errno(x, "ftruncate");
			ex_model_grow(&f->model, r.off + r.len);
		}
	}
	*ret_range = r;
	return 0;
}

static int sync_window(struct ex *x, struct ex_file *f, struct window *w)
{
	uint64_t how = xrand_below(&x->rnd, 3);

	if (how == 0) {
		f->map_dirty = true;
		return 0;
	}
	if (how == 1)
		f->map_dirty = true;
	if (msync(w->base, w->len, how == 1 ? MS_ASYNC : MS_SYNC) < 0)
		return ex_fail_errno(x, "msync");
	return 0;
}

int ex_map_store(struct ex *x, struct ex_file *f)
{
	struct ex_range r = { 0, 0 };
	struct window w;
	int rc;

	if (store_range(x, f, &r))
		return -1;
	ex_note(x, " %#llx + %#llx", (unsigned long long)r.off, (unsigned long long)r.len);
	ex_new_data(x, f, r.off, r.len);
	if (window_map(x, f, r, PROT_READ | PROT_WRITE, MAP_SHARED, &w))
		return -1;
	memcpy(w.base + w.skip, x->buf, r.len);
	ex_model_write(&f->model, r.off, x->buf, r.len);
	rc = sync_window(x, f, &w);
	window_unmap(&w);
	return rc;
}

/* The bytes from the end of the file to the end of its last page read as zeros. */
static int check_tail(struct ex *x, const struct ex_file *f, const struct window *w)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	for (size_t i = w->len; i % page != 0; i++) {
		if (w->base[i] != 0)
			return ex_fail(x, "%s: byte %#02x in the last page, %zu after the end",
				       f->name, w->base[i], i - w->len);
	}
	return 0;
}

int ex_map_load(struct ex *x, struct ex_file *f)
{
	struct ex_range r = ex_pick_inside(x, f);
	bool private = xrand_chance(&x->rnd, 50);
	struct window w;
	int rc;

	if (r.len == 0)
		return 0;
	ex_note(x, " %#llx + %#llx%s", (unsigned long long)r.off, (unsigned long long)r.len,
		private ? " private" : "");
	if (window_map(x, f, r, PROT_READ, private ? MAP_PRIVATE : MAP_SHARED, &w))
		return -1;
	rc = ex_compare(x, f, w.base + w.skip, r.off, r.len);
	if (rc == 0 && r.off + r.len == f->model.size)
		rc = check_tail(x, f, &w);
	window_unmap(&w);
	return rc;
}
