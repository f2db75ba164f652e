/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "io/find_data.h"

#include "base/sys.h"
#include "base/units.h"
#include "io/magic.h"

#include <errno.h>
#include <linux/fiemap.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXTENTS 32
#define READ_BYTES (64 * KIB)
#define BLOCK_BYTES 4096u
/* What is hidden lies beside what was written: in the part that XFS set aside for copying on write, 128 KiB unless
 * somebody asked for more. */
#define ENDS_BYTES (1 * MIB)
/* Where data ends, so much of what follows is checked: whether it goes on there after all. */
#define FRONT_BYTES (1 * MIB)

struct look {
	int fd;
	enum find_data_check check;
	const atomic_bool *stop; /* may be NULL */
};

/* A range of data that was reported as a hole; empty (from = to) where there is none. */
struct found {
	uint64_t from, to;
};

enum find_data_check find_data_check_for(int fd)
{
	struct statfs st;

	if (sys_fstatfs(fd, &st))
		return FIND_DATA_EXTENTS;
	switch ((uint32_t)st.f_type) {
	case MAGIC_EXT4:
	case MAGIC_BTRFS:
	case MAGIC_TMPFS:
	case MAGIC_FUSE: /* what its daemon says: lovfs has checked it; FIEMAP reaches none */
	case MAGIC_LUSTRE: /* right across stripes, with dirty pages; extents of striped files aren't told */
		return FIND_DATA_BELIEVED;
	case MAGIC_CIFS: /* its extents are the server's SEEK_DATA again */
	case MAGIC_SMB2:
	case MAGIC_NFS:
		return FIND_DATA_ENDS;
	default:
		return FIND_DATA_EXTENTS;
	}
}

/* The first of the extents that was written, within [pos, end). */
static bool first_written(const struct fiemap *map, uint64_t pos, uint64_t end, struct found *ret)
{
	for (uint32_t i = 0; i < map->fm_mapped_extents; i++) {
		const struct fiemap_extent *e = &map->fm_extents[i];

		if ((e->fe_flags & FIEMAP_EXTENT_UNWRITTEN) || e->fe_logical + e->fe_length <= pos)
			continue;
		ret->from = MAX_OF(pos, e->fe_logical);
		ret->to = MIN_OF(end, e->fe_logical + e->fe_length);
		return ret->from < ret->to;
	}
	return false;
}

static bool stopped(const struct look *l)
{
	return l->stop && atomic_load_explicit(l->stop, memory_order_relaxed);
}

static int find_extent(const struct look *l, uint64_t pos, uint64_t end, struct found *ret)
{
	union {
		struct fiemap map;
		char room[sizeof(struct fiemap) + EXTENTS * sizeof(struct fiemap_extent)];
	} u;
	const struct fiemap_extent *last;
	int err;

	while (pos < end) {
		if (stopped(l))
			return -ECANCELED;
		memset(&u, 0, sizeof(u));
		u.map.fm_start = pos;
		u.map.fm_length = end - pos;
		u.map.fm_extent_count = EXTENTS;
		err = sys_fiemap(l->fd, &u.map);
		if (err || first_written(&u.map, pos, end, ret))
			return err;
		if (u.map.fm_mapped_extents < EXTENTS)
			return 0;
		last = &u.map.fm_extents[EXTENTS - 1];
		if (last->fe_flags & FIEMAP_EXTENT_LAST ||
		    last->fe_logical + last->fe_length <= pos)
			return 0;
		pos = last->fe_logical + last->fe_length;
	}
	return 0;
}

static bool all_zero(const char *buf, size_t len)
{
	return len == 0 || (buf[0] == 0 && memcmp(buf, buf + 1, len - 1) == 0);
}

/* The block-sized part that isn't zero. */
static int find_byte(const struct look *l, uint64_t pos, uint64_t end, struct found *ret)
{
	CLEANUP_FREE char *buf = malloc(READ_BYTES);

	if (!buf)
		return -ENOMEM;
	while (pos < end) {
		ssize_t n;

		if (stopped(l))
			return -ECANCELED;
		n = sys_pread_full(l->fd, buf, (size_t)MIN_OF(READ_BYTES, end - pos), pos);
		if (n <= 0)
			return (int)n;
		for (ssize_t at = 0; at < n; at += BLOCK_BYTES) {
			size_t len = (size_t)MIN_OF(n - at, (ssize_t)BLOCK_BYTES);

			if (!all_zero(buf + at, len)) {
				ret->from = pos + (uint64_t)at;
				ret->to = ret->from + len;
				return 0;
			}
		}
		pos += (uint64_t)n;
	}
	return 0;
}

static int find_at_ends(const struct look *l, uint64_t pos, uint64_t end, struct found *ret)
{
	uint64_t front = end - pos > ENDS_BYTES ? pos + ENDS_BYTES : end;
	int err = find_byte(l, pos, front, ret);

	if (err || ret->from < ret->to || front == end)
		return err;
	return find_byte(l, MAX_OF(front, end - ENDS_BYTES), end, ret);
}

/* Data in [pos, end), which is reported as a hole. */
static int find(const struct look *l, uint64_t pos, uint64_t end, struct found *ret)
{
	int err = 0;

	*ret = (struct found){ 0 };
	if (l->check == FIND_DATA_ENDS)
		return find_at_ends(l, pos, end, ret);
	if (l->check == FIND_DATA_EXTENTS)
		err = find_extent(l, pos, end, ret);
	return err == -EOPNOTSUPP || err == -ENOTTY ? 0 : err;
}

/* SEEK_DATA, with the file's size for -ENXIO; *ret_none says that it was. */
static int seek_data(int fd, uint64_t offset, uint64_t *ret_data, bool *ret_none)
{
	struct stat st;
	int err = sys_seek(fd, offset, SEEK_DATA, ret_data);

	*ret_none = err == -ENXIO;
	if (err != -ENXIO)
		return err;
	err = sys_fstat(fd, &st);
	if (!err)
		*ret_data = MAX_OF((uint64_t)st.st_size, offset);
	return err;
}

static int believable_data(const struct look *l, uint64_t offset, uint64_t *ret_offset)
{
	struct found missed = { 0 };
	uint64_t data;
	bool none;
	int err = seek_data(l->fd, offset, &data, &none);

	if (!err && data > offset)
		err = find(l, offset, data, &missed);
	if (err)
		return err;
	if (missed.from < missed.to)
		*ret_offset = missed.from;
	else if (none)
		return -ENXIO;
	else
		*ret_offset = data;
	return 0;
}

static int believable_hole(const struct look *l, uint64_t offset, uint64_t *ret_offset)
{
	struct found missed;
	uint64_t hole, data;
	bool none;
	int err;

	for (;; offset = missed.to) {
		err = sys_seek(l->fd, offset, SEEK_HOLE, &hole);
		if (err)
			return err;
		missed = (struct found){ 0 };
		err = seek_data(l->fd, hole, &data, &none);
		/* The hole as a whole is checked by who asks what is in it. */
		if (!err && data > hole)
			err = find(l, hole, MIN_OF(data, hole + FRONT_BYTES), &missed);
		if (err)
			return err;
		if (missed.from != hole || missed.to <= hole) {
			*ret_offset = hole;
			return 0;
		}
		/* Data from where a hole was reported: after it, unless the file ends there. */
		if (none && missed.to >= data) {
			*ret_offset = data;
			return 0;
		}
	}
}

int find_data_seek(int fd, enum find_data_check check, uint64_t offset, int whence,
		   const atomic_bool *stop, uint64_t *ret_offset)
{
	const struct look l = { .fd = fd, .check = check, .stop = stop };

	if (check == FIND_DATA_BELIEVED)
		return sys_seek(fd, offset, whence, ret_offset);
	return whence == SEEK_DATA ? believable_data(&l, offset, ret_offset)
				   : believable_hole(&l, offset, ret_offset);
}

int io_seek(int fd, uint64_t offset, int whence, const atomic_bool *stop, uint64_t *ret_offset)
{
	return find_data_seek(fd, find_data_check_for(fd), offset, whence, stop, ret_offset);
}
