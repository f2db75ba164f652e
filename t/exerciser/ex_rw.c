/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "exerciser/ex_ops.h"
#include "exerciser/ex_pick.h"

#define IOV_MAX_HERE 8

static void note_range(struct ex *x, struct ex_range r)
{
	ex_note(x, " %#llx + %#llx", (unsigned long long)r.off, (unsigned long long)r.len);
}

int ex_rw_write(struct ex *x, struct ex_file *f)
{
	struct ex_range r = ex_pick_write(x, f);

	note_range(x, r);
	ex_new_data(x, f, r.off, r.len);
	if (ex_want_count(x, "pwrite", pwrite(f->fd, x->buf, r.len, (off_t)r.off), r.len))
		return -1;
	ex_model_write(&f->model, r.off, x->buf, r.len);
	return 0;
}

int ex_rw_read(struct ex *x, struct ex_file *f)
{
	struct ex_range r = ex_pick_read(x, f);
	uint64_t want = ex_model_readable(&f->model, r.off, r.len);

	note_range(x, r);
	if (ex_want_count(x, "pread", pread(f->fd, x->buf, r.len, (off_t)r.off), want))
		return -1;
	return want == 0 ? 0 : ex_compare(x, f, x->buf, r.off, want);
}

static int append_one(struct ex *x, struct ex_file *f, int fd)
{
	uint64_t off = f->model.size;
	uint64_t len = ex_pick_len(x);

	if (len > f->model.capacity - off)
		len = f->model.capacity - off;
	if (len == 0)
		return 0;
	note_range(x, (struct ex_range){ off, len });
	ex_new_data(x, f, off, len);
	if (ex_want_count(x, "write", write(fd, x->buf, len), len))
		return -1;
	ex_model_write(&f->model, off, x->buf, len);
	if (lseek(fd, 0, SEEK_CUR) != (off_t)f->model.size)
		return ex_fail(x, "O_APPEND write left its position elsewhere than at the end");
	return 0;
}

int ex_rw_append(struct ex *x, struct ex_file *f)
{
	unsigned int times = 1 + (unsigned int)xrand_below(&x->rnd, 3);
	char path[EX_PATH_MAX];
	int rc = 0;
	int fd;

	ex_path(x, f->name, path);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		return ex_fail_errno(x, "open O_APPEND");
	while (rc == 0 && times-- > 0)
		rc = append_one(x, f, fd);
	close(fd);
	return rc;
}

/* Cuts [0, len) of x->buf into pieces; the last one takes the rest. */
static int make_iov(struct ex *x, struct iovec *iov, uint64_t len)
{
	int count = 1 + (int)xrand_below(&x->rnd, IOV_MAX_HERE);
	uint64_t at = 0;

	for (int i = 0; i < count; i++) {
		uint64_t part = i == count - 1 ? len - at : xrand_between(&x->rnd, 0, len - at);

		iov[i].iov_base = x->buf + at;
		iov[i].iov_len = part;
		at += part;
	}
	return count;
}

int ex_rw_writev(struct ex *x, struct ex_file *f)
{
	struct ex_range r = ex_pick_write(x, f);
	struct iovec iov[IOV_MAX_HERE];
	int count = make_iov(x, iov, r.len);
	ssize_t n;

	note_range(x, r);
	ex_note(x, " in %d", count);
	ex_new_data(x, f, r.off, r.len);
	if (xrand_chance(&x->rnd, 50)) {
		n = pwritev(f->fd, iov, count, (off_t)r.off);
	} else {
		if (lseek(f->fd, (off_t)r.off, SEEK_SET) < 0)
			return ex_fail_errno(x, "lseek");
		n = writev(f->fd, iov, count);
	}
	if (ex_want_count(x, "writev", n, r.len))
		return -1;
	ex_model_write(&f->model, r.off, x->buf, r.len);
	return 0;
}

int ex_rw_readv(struct ex *x, struct ex_file *f)
{
	struct ex_range r = ex_pick_read(x, f);
	uint64_t want = ex_model_readable(&f->model, r.off, r.len);
	struct iovec iov[IOV_MAX_HERE];
	int count = make_iov(x, iov, r.len);
	ssize_t n;

	note_range(x, r);
	ex_note(x, " in %d", count);
	if (xrand_chance(&x->rnd, 50)) {
		n = preadv(f->fd, iov, count, (off_t)r.off);
	} else {
		if (lseek(f->fd, (off_t)r.off, SEEK_SET) < 0)
			return ex_fail_errno(x, "lseek");
		n = readv(f->fd, iov, count);
	}
	if (ex_want_count(x, "readv", n, want))
		return -1;
	return want == 0 ? 0 : ex_compare(x, f, x->buf, r.off, want);
}

int ex_rw_compare(struct ex *x, struct ex_file *f)
{
	return ex_check_all(x, f, f->fd);
}
