/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "file/file_impl.h"

#include "base/error.h"
#include "base/sys.h"
#include "layout/segmap.h"

#include <errno.h>
#include <string.h>

static struct object_ref ref_of(const struct segment *s)
{
	return (struct object_ref){ s->comp_idx, s->stripe_idx };
}

/* What a read found out on its way. */
struct read_state {
	char *buf; /* for file offset `offset` */
	uint64_t offset;
	uint64_t data_end;   /* end of the last byte that an object had: the file is no shorter */
	uint64_t first_hole; /* first byte that no object had, UINT64_MAX: none */
};

/* The bytes of a segment that its object has; none where it has no object. */
static ssize_t read_object(const struct access *a, const struct segment *s, char *buf)
{
	struct io_end end;
	ssize_t n;
	int err;

	if (s->comp_idx == SEGMENT_NO_COMPONENT)
		return 0;
	if (!access_has_objects(a, &a->layout->comps[s->comp_idx]))
		return 0;
	err = objects_end(a, ref_of(s), false, &end);
	if (err)
		return err;
	n = sys_pread_full(end.fd, buf, s->len_bytes, s->object_offset);
	return n < 0 ? objects_fail(a->layout, ref_of(s), (int)n, "read") : n;
}

/* Fills the buffer for [start, end) with what the objects have, and zeros. */
static int read_pass(const struct access *a, uint64_t start, uint64_t end, struct read_state *r)
{
	struct segmap map = segmap_of(a->layout, a->mirror_id, start, end);
	struct segment s;

	while (segmap_next(&map, &s)) {
		char *buf = r->buf + (s.file_offset - r->offset);
		ssize_t n = read_object(a, &s, buf);

		if (n < 0)
			return (int)n;
		if (n > 0)
			r->data_end = MAX_OF(r->data_end, s.file_offset + (uint64_t)n);
		if ((uint64_t)n < s.len_bytes) {
			memset(buf + n, 0, s.len_bytes - (size_t)n);
			r->first_hole = MIN_OF(r->first_hole, s.file_offset + (uint64_t)n);
		}
	}
	return 0;
}

/*
 * An object ended early. That is a hole or the end of the file: only the size tells. And it is read
 * again after the size was asked for, as it may have been written in between: then it would be
 * within the size, and yet read as zeros.
 */
static ssize_t read_over_holes(const struct access *a, uint64_t end, struct read_state *r)
{
	uint64_t size = r->data_end;
	int err;

	if (size < end) {
		err = size_get(a, &size);
		/*
		 * What the other objects say is enough where they reach the end of the request.
		 * Never report an end that may not be it.
		 */
		if (err && size < end)
			return err;
	}
	end = MIN_OF(end, size);
	if (r->first_hole < end) {
		err = read_pass(a, r->first_hole, end, r);
		if (err)
			return err;
	}
	return end > r->offset ? (ssize_t)(end - r->offset) : 0;
}

static ssize_t read_range(const struct access *a, char *buf, uint64_t offset, uint64_t end)
{
	struct read_state r = { .buf = buf, .offset = offset, .first_hole = UINT64_MAX };
	int err = access_check_kinds(a, offset, end);

	if (!err)
		err = read_pass(a, offset, end, &r);
	if (err)
		return err;
	return r.first_hole == UINT64_MAX ? (ssize_t)(end - offset) : read_over_holes(a, end, &r);
}

ssize_t file_read(struct file *f, uint32_t mirror_id, void *buf, size_t len_bytes, uint64_t offset)
{
	struct access a = { .f = f, .kind = ACCESS_READ, .asked_id = mirror_id, .offset = offset };
	ssize_t n;
	int err;

	if (len_bytes == 0 || offset >= INT64_MAX)
		return 0;
	len_bytes = MIN_OF(len_bytes, (size_t)(INT64_MAX - offset));
	err = access_begin(&a);
	if (err)
		return err;
	/* Bytes and size of one mirror each time: what is missing in one isn't the file's end. */
	do
		n = read_range(&a, buf, offset, offset + len_bytes);
	while (n < 0 && access_fail_over(&a, (int)n));
	access_end(&a);
	return n;
}

/* Writes from the front of a segment; *ret_done is how far that went. */
static int write_object(const struct access *a, const struct segment *s, const char *buf,
			size_t *ret_done)
{
	struct io_end end;
	int err = objects_end(a, ref_of(s), true, &end);

	*ret_done = 0;
	if (err)
		return err;
	while (*ret_done < s->len_bytes) {
		ssize_t n = sys_pwrite(end.fd, buf + *ret_done, s->len_bytes - *ret_done,
				       s->object_offset + *ret_done);

		if (n <= 0)
			return objects_fail(a->layout, ref_of(s), n ? (int)n : -EIO, "write");
		*ret_done += (size_t)n;
		file_note_change(a->f);
	}
	return 0;
}

/*
 * Segment after segment in the file's order, although one call for each object would be fewer: so a
 * write that fails half way has written a part from the front and nothing behind it, and hasn't
 * made the file longer than that part.
 */
static ssize_t write_range(const struct access *a, const char *buf, uint64_t offset, uint64_t end)
{
	struct segmap map;
	struct segment s;
	size_t total = 0;
	int err = access_check_covered(a, offset, end, &end);

	if (!err)
		err = access_change(a, offset, end);
	if (err)
		return err;
	map = segmap_of(a->layout, a->mirror_id, offset, end);
	while (!err && segmap_next(&map, &s)) {
		size_t done;

		err = write_object(a, &s, buf + total, &done);
		total += done;
	}
	return total ? (ssize_t)total : err;
}

ssize_t file_write(struct file *f, uint32_t mirror_id, const void *buf, size_t len_bytes,
		   uint64_t offset)
{
	struct access a = { .f = f, .kind = ACCESS_CHANGE, .asked_id = mirror_id };
	ssize_t n;
	int err;

	if (len_bytes == 0)
		return 0;
	if (offset >= INT64_MAX)
		return fail(-EFBIG, "offset %ju is past the largest file size", (uintmax_t)offset);
	len_bytes = MIN_OF(len_bytes, (size_t)(INT64_MAX - offset));
	err = access_begin(&a);
	if (err)
		return err;
	n = write_range(&a, buf, offset, offset + len_bytes);
	access_end(&a);
	return n;
}
