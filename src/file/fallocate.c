/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fallocate: one call for each object, on its whole part of the range. */
#include "file/file_impl.h"

#include "base/checked.h"
#include "base/error.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>

typedef int part_fn(int fd, const struct object_part *part);

/* Calls fn for each object with a part of [start, end) until one fails. */
static int for_each_part(const struct access *a, uint64_t start, uint64_t end, part_fn *fn,
			 const char *what)
{
	struct object_walk walk = objects_walk(a, start, end);
	struct object_part part;

	while (objects_next(&walk, &part)) {
		struct io_end object;
		int err = objects_end(a, part.ref, true, &object);

		if (err)
			return err;
		err = fn(object.fd, &part);
		if (err)
			return objects_fail(a->layout, part.ref, err, what);
		file_note_change(a->f);
	}
	return 0;
}

static int allocate_keep(int fd, const struct object_part *part)
{
	return sys_fallocate(fd, FALLOC_FL_KEEP_SIZE, part->offset, part->len_bytes);
}

static int allocate_extend(int fd, const struct object_part *part)
{
	return sys_fallocate(fd, 0, part->offset, part->len_bytes);
}

static int punch(int fd, const struct object_part *part)
{
	return io_punch(fd, part->offset, part->len_bytes, NULL);
}

static int zero(int fd, const struct object_part *part)
{
	int err = sys_fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, part->offset,
				part->len_bytes);

	if (err != -EOPNOTSUPP)
		return err;
	err = punch(fd, part);
	if (err)
		return err;
	/* Where nothing can be allocated in advance, zeros are what can be had. */
	err = allocate_keep(fd, part);
	return err == -EOPNOTSUPP ? 0 : err;
}

/*
 * Allocates the range and makes the file reach its end. First with the size kept: so a file system
 * that turns out to be full leaves the size as it was. NFS can't allocate behind the end of a file:
 * there the objects grow, and are cut back when one fails.
 */
static int allocate(const struct access *a, uint64_t start, uint64_t end)
{
	uint64_t old_size;
	int err = for_each_part(a, start, end, allocate_keep, "allocate");

	if (err == -EOPNOTSUPP) {
		err = size_get(a, &old_size);
		if (err)
			return err;
		err = for_each_part(a, start, end, allocate_extend, "allocate");
		/*
		 * The first error is the one to report, and a size that can't be put back isn't
		 * worth another.
		 */
		if (err && size_shrink(a, old_size))
			return err;
	}
	return err ? err : size_extend(a, end);
}

static int zero_range(const struct access *a, uint64_t start, uint64_t end, bool keep_size)
{
	/* Space for all before anything is zeroed. */
	int err = for_each_part(a, start, end, allocate_keep, "allocate");

	if (!err || err == -EOPNOTSUPP)
		err = for_each_part(a, start, end, zero, "zero range");
	if (!err && !keep_size)
		err = size_extend(a, end);
	return err;
}

static int change_space(const struct access *a, int mode, uint64_t start, uint64_t end)
{
	int err;

	if (mode == (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)) {
		err = access_check_kinds(a, start, end);
		if (!err)
			err = access_change(a, start, end);
		return err ? err : for_each_part(a, start, end, punch, "punch hole");
	}
	err = access_check_range(a, start, end);
	if (!err)
		err = access_change(a, start, end);
	if (err)
		return err;
	if (mode & FALLOC_FL_ZERO_RANGE)
		return zero_range(a, start, end, mode & FALLOC_FL_KEEP_SIZE);
	if (mode & FALLOC_FL_KEEP_SIZE)
		return for_each_part(a, start, end, allocate_keep, "allocate");
	return allocate(a, start, end);
}

static bool mode_known(int mode)
{
	switch (mode) {
	case 0:
	case FALLOC_FL_KEEP_SIZE:
	case FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE:
	case FALLOC_FL_ZERO_RANGE:
	case FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE:
		return true;
	}
	return false;
}

int file_fallocate(struct file *f, uint32_t mirror_id, int mode, uint64_t offset,
		   uint64_t len_bytes)
{
	struct access a = { .f = f, .kind = ACCESS_CHANGE, .asked_id = mirror_id };
	uint64_t end;
	int err;

	if (!mode_known(mode))
		return fail(-EOPNOTSUPP, "fallocate mode 0x%x is not supported on striped files",
			    (unsigned int)mode);
	if (len_bytes == 0)
		return fail(-EINVAL, "fallocate of no bytes");
	if (!add_u64(offset, len_bytes, &end) || end > INT64_MAX)
		return fail(-EFBIG, "the range ends past the largest file size");
	err = access_begin(&a);
	if (err)
		return err;
	err = change_space(&a, mode, offset, end);
	access_end(&a);
	return err;
}
