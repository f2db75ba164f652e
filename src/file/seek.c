/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SEEK_DATA and SEEK_HOLE: each object of a component is asked once, and the nearest answer,
 * translated to the file, is the component's. Components are gone through in the file's order.
 */
#include "file/file_impl.h"

#include "base/error.h"
#include "io/find_data.h"

#include <errno.h>
#include <unistd.h>

#define NOWHERE UINT64_MAX

/*
 * Where stripe k of the component has data or a hole at or after file offset `offset`. Behind the
 * object's end there is no data (NOWHERE) and all is hole.
 */
static int seek_object(const struct access *a, struct object_ref ref, uint64_t offset, int whence,
		       uint64_t *ret_offset)
{
	const struct component *c = &a->layout->comps[ref.comp_idx];
	uint64_t from = object_share(c, ref.stripe_idx, offset), at;
	struct io_end object;
	int err = objects_end(a, ref, false, &object);

	if (err)
		return err;
	err = io_seek(object.fd, from, whence, NULL, &at);
	if (err == -ENXIO) {
		if (whence == SEEK_DATA) {
			*ret_offset = NOWHERE;
			return 0;
		}
		at = from;
		err = 0;
	}
	if (err)
		return objects_fail(a->layout, ref, err, "seek");
	*ret_offset = raid0_file_offset(c->stripe_size, c->stripe_count, ref.stripe_idx, at);
	return 0;
}

/*
 * The nearest in all stripes of a component from `offset`, which is in it; NOWHERE when not before
 * its end.
 */
static int seek_component(const struct access *a, uint32_t comp_idx, uint64_t offset, int whence,
			  uint64_t *ret_offset)
{
	const struct component *c = &a->layout->comps[comp_idx];
	uint32_t first = raid0_stripe(c->stripe_size, c->stripe_count, offset);
	uint64_t nearest = NOWHERE;

	/* The stripe at hand first: often it has what is looked for. */
	for (uint32_t i = 0; i < c->stripe_count && nearest != offset; i++) {
		struct object_ref ref = { comp_idx, (first + i) % c->stripe_count };
		uint64_t at = NOWHERE;
		int err = seek_object(a, ref, offset, whence, &at);

		if (err)
			return err;
		nearest = MIN_OF(nearest, at);
	}
	*ret_offset = nearest < c->end ? nearest : NOWHERE;
	return 0;
}

/* Where the next component behind `offset`, which is in none, starts. */
static uint64_t next_start(const struct access *a, uint64_t offset)
{
	uint64_t start = LAYOUT_EOF;

	for (uint32_t i = 0; i < a->layout->count; i++) {
		const struct component *c = &a->layout->comps[i];

		if (access_has_component(a, c) && c->start > offset)
			start = MIN_OF(start, c->start);
	}
	return start;
}

static int seek_range(const struct access *a, uint64_t offset, uint64_t end, int whence,
		      uint64_t *ret_offset)
{
	while (offset < end) {
		int idx = layout_find(a->layout, a->mirror_id, offset);
		const struct component *c = idx < 0 ? NULL : &a->layout->comps[idx];
		uint64_t found = whence == SEEK_HOLE ? offset : NOWHERE;
		int err = 0;

		if (c && access_has_objects(a, c))
			err = seek_component(a, (uint32_t)idx, offset, whence, &found);
		if (err)
			return err;
		if (found < end) {
			*ret_offset = found;
			return 0;
		}
		offset = c ? c->end : next_start(a, offset);
	}
	if (whence == SEEK_DATA)
		return -ENXIO;
	*ret_offset = end; /* behind the last byte there is a hole */
	return 0;
}

static int seek_mirror(const struct access *a, uint64_t offset, int whence, uint64_t *ret_offset)
{
	uint64_t size;
	int err = access_check_kinds(a, 0, LAYOUT_EOF);

	if (!err)
		err = size_get(a, &size);
	if (err)
		return err;
	return offset < size ? seek_range(a, offset, size, whence, ret_offset) : -ENXIO;
}

int file_seek(struct file *f, uint32_t mirror_id, uint64_t offset, int whence, uint64_t *ret_offset)
{
	/* Mirrors may have the same bytes and not the same holes: whoever walks from one to the next is
	 * to be told of one mirror's, wherever he is. */
	struct access a = { .f = f, .kind = ACCESS_READ, .asked_id = mirror_id, .offset = 0 };
	int err;

	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return -EINVAL;
	err = access_begin(&a);
	if (err)
		return err;
	do
		err = seek_mirror(&a, offset, whence, ret_offset);
	while (err && access_fail_over(&a, err));
	access_end(&a);
	return err;
}
