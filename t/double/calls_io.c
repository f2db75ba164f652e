/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading and writing: alignment of direct I/O, bindings to mirrors, faults. */
#include "binding.h"
#include "fault.h"
#include "seen.h"
#include "table.h"
#include "unflushed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The file where the call is to be looked at; NULL: it goes through. */
static struct open_file *file_of(int fd)
{
	struct open_file *f = double_mount()->active ? table_get(fd) : NULL;

	if (f && !f->regular) {
		table_put(f);
		f = NULL;
	}
	return f;
}

/* Ends a call that returns -1 and errno, or a negative errno: in either way to the program's. */
static long done(struct open_file *f, long result)
{
	table_put(f);
	return double_answer(result);
}

static bool is_aligned(const struct open_file *f, const void *buf, size_t len, off_t offset)
{
	uint64_t bits = (uintptr_t)buf | len | (uint64_t)offset;

	return !f->direct || bits % DIRECT_BYTES == 0;
}

static size_t shortened(const struct fault_effect *e, size_t len)
{
	return e->shorten && len >= 2 * DIRECT_BYTES ? len / 2 / DIRECT_BYTES * DIRECT_BYTES : len;
}

/* ---- reading ---- */

/* offset < 0: from where the descriptor stands. */
static ssize_t read_file(struct open_file *f, int fd, void *buf, size_t len, off_t offset)
{
	struct fault_effect e = fault_enter(FAULT_PREAD, f);
	int source;
	ssize_t n;

	if (e.err)
		return e.err;
	if (!is_aligned(f, buf, len, offset < 0 ? 0 : offset))
		return -EINVAL;
	len = shortened(&e, len);
	source = binding_read_fd(f, fd);
	if (source < 0)
		return source;
	if (offset >= 0 || source == fd)
		n = offset < 0 ? real.read(fd, buf, len) : real.pread(source, buf, len, offset);
	else /* the position is the descriptor's own, whatever is read */
		n = real.pread(source, buf, len, real.lseek(fd, 0, SEEK_CUR));
	if (n > 0 && offset < 0 && source != fd)
		real.lseek(fd, n, SEEK_CUR);
	return n < 0 ? -errno : n;
}

static ssize_t read_any(int fd, void *buf, size_t len, off_t offset)
{
	struct open_file *f = file_of(fd);

	if (!f && offset < 0)
		return real.read(fd, buf, len);
	if (!f)
		return real.pread(fd, buf, len, offset);
	return done(f, read_file(f, fd, buf, len, offset));
}

EXPORT ssize_t read(int fd, void *buf, size_t len)
{
	return read_any(fd, buf, len, -1);
}

static ssize_t read_at(int fd, void *buf, size_t len, off_t offset)
{
	return offset < 0 ? double_answer(-EINVAL) : read_any(fd, buf, len, offset);
}

EXPORT ssize_t pread(int fd, void *buf, size_t len, off_t offset)
{
	return read_at(fd, buf, len, offset);
}

EXPORT ssize_t pread64(int fd, void *buf, size_t len, off64_t offset)
{
	return read_at(fd, buf, len, offset);
}

/* Used to ask what is in the page cache: of direct descriptors nothing is. They are read in no other way by it. */
static ssize_t read_vector(int fd, const struct iovec *iov, int count, off_t offset, int flags)
{
	struct open_file *f = file_of(fd);
	bool direct = f && f->direct;

	table_put(f);
	if (direct)
		return double_answer(flags & RWF_NOWAIT ? -EAGAIN : -EOPNOTSUPP);
	return real.preadv2(fd, iov, count, offset, flags);
}

EXPORT ssize_t preadv2(int fd, const struct iovec *iov, int count, off_t offset, int flags)
{
	return read_vector(fd, iov, count, offset, flags);
}

EXPORT ssize_t preadv64v2(int fd, const struct iovec *iov, int count, off64_t offset, int flags)
{
	return read_vector(fd, iov, count, offset, flags);
}

/* ---- writing ---- */

static void *flipped(const void *buf, size_t len)
{
	char *copy =
		aligned_alloc(DIRECT_BYTES, (len + DIRECT_BYTES) / DIRECT_BYTES * DIRECT_BYTES);

	if (!copy)
		abort();
	memcpy(copy, buf, len);
	if (len)
		copy[len / 2] = (char)~copy[len / 2];
	return copy;
}

static ssize_t write_bytes(int fd, const void *buf, size_t len, off_t offset)
{
	ssize_t n = offset < 0 ? real.write(fd, buf, len) : real.pwrite(fd, buf, len, offset);

	return n < 0 ? -errno : n;
}

static ssize_t write_file(struct open_file *f, int fd, const void *buf, size_t len, off_t offset)
{
	struct fault_effect e = fault_enter_write(f, offset < 0 ? 0 : (uint64_t)offset, len);
	void *other = NULL;
	ssize_t n;

	if (e.err)
		return e.err;
	if (!is_aligned(f, buf, len, offset < 0 ? 0 : offset))
		return -EINVAL;
	len = shortened(&e, len);
	if (e.len_max && e.len_max < len)
		len = e.len_max;
	fd = binding_write_fd(f, fd);
	if (fd < 0)
		return fd;
	if (!f->bound)
		unflushed_write(f);
	seen_note_file(f);
	if (e.flip)
		other = flipped(buf, len);
	n = write_bytes(fd, other ? other : buf, len, offset);
	free(other);
	return n;
}

static ssize_t write_any(int fd, const void *buf, size_t len, off_t offset)
{
	struct open_file *f = file_of(fd);

	if (!f && offset < 0)
		return real.write(fd, buf, len);
	if (!f)
		return real.pwrite(fd, buf, len, offset);
	return done(f, write_file(f, fd, buf, len, offset));
}

EXPORT ssize_t write(int fd, const void *buf, size_t len)
{
	return write_any(fd, buf, len, -1);
}

static ssize_t write_at(int fd, const void *buf, size_t len, off_t offset)
{
	return offset < 0 ? double_answer(-EINVAL) : write_any(fd, buf, len, offset);
}

EXPORT ssize_t pwrite(int fd, const void *buf, size_t len, off_t offset)
{
	return write_at(fd, buf, len, offset);
}

EXPORT ssize_t pwrite64(int fd, const void *buf, size_t len, off64_t offset)
{
	return write_at(fd, buf, len, offset);
}

/* ---- sizes ---- */

static int truncate_file(struct open_file *f, int fd, off_t size)
{
	struct fault_effect e = fault_enter(FAULT_FTRUNCATE, f);

	if (e.err)
		return e.err;
	fd = binding_write_fd(f, fd);
	if (fd < 0)
		return fd;
	return real.ftruncate(fd, size) ? -errno : 0;
}

static int truncate_any(int fd, off_t size)
{
	struct open_file *f = file_of(fd);

	return f ? (int)done(f, truncate_file(f, fd, size)) : real.ftruncate(fd, size);
}

EXPORT int ftruncate(int fd, off_t size)
{
	return truncate_any(fd, size);
}

EXPORT int ftruncate64(int fd, off64_t size)
{
	return truncate_any(fd, size);
}

static int allocate_any(int fd, int mode, off_t offset, off_t len)
{
	struct open_file *f = file_of(fd);
	int target;

	if (!f)
		return real.fallocate(fd, mode, offset, len);
	target = binding_write_fd(f, fd);
	if (target < 0)
		return (int)done(f, target);
	return (int)done(f, real.fallocate(target, mode, offset, len) ? -errno : 0);
}

EXPORT int fallocate(int fd, int mode, off_t offset, off_t len)
{
	return allocate_any(fd, mode, offset, len);
}

EXPORT int fallocate64(int fd, int mode, off64_t offset, off64_t len)
{
	return allocate_any(fd, mode, offset, len);
}

/*
 * 2.17: SEEK_DATA and SEEK_HOLE are of the mirror that the descriptor is bound to, SEEK_END is of
 * the file.
 */
static off_t seek_file(struct open_file *f, int fd, off_t offset, int whence)
{
	int source;
	off_t at;

	if (whence == SEEK_END)
		seen_note_file(f);
	if (!f->bound || (whence != SEEK_DATA && whence != SEEK_HOLE)) {
		at = real.lseek(fd, offset, whence);
		return at < 0 ? -errno : at;
	}
	source = binding_read_fd(f, fd);
	if (source < 0)
		return source;
	at = real.lseek(source, offset, whence);
	if (at >= 0)
		real.lseek(fd, at, SEEK_SET);
	return at < 0 ? -errno : at;
}

static off_t seek_any(int fd, off_t offset, int whence)
{
	struct open_file *f = file_of(fd);

	return f ? done(f, seek_file(f, fd, offset, whence)) : real.lseek(fd, offset, whence);
}

EXPORT off_t lseek(int fd, off_t offset, int whence)
{
	return seek_any(fd, offset, whence);
}

EXPORT off64_t lseek64(int fd, off64_t offset, int whence)
{
	return seek_any(fd, offset, whence);
}

/* ---- syncing ---- */

static int sync_file(struct open_file *f, int fd, int (*call)(int))
{
	struct fault_effect e = fault_enter(FAULT_FSYNC, f);
	int mirror;

	if (e.err)
		return e.err;
	if (call(fd))
		return -errno;
	unflushed_flush(f);
	if (!f->bound)
		return 0;
	mirror = binding_read_fd(f, fd);
	if (mirror < 0)
		return mirror;
	return call(mirror) ? -errno : 0;
}

EXPORT int fsync(int fd)
{
	struct open_file *f = file_of(fd);

	return f ? (int)done(f, sync_file(f, fd, real.fsync)) : real.fsync(fd);
}

EXPORT int fdatasync(int fd)
{
	struct open_file *f = file_of(fd);

	return f ? (int)done(f, sync_file(f, fd, real.fdatasync)) : real.fdatasync(fd);
}
