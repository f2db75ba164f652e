/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "exerciser/ex_ops.h"
#include "exerciser/ex_pick.h"

/* -1 and EINVAL where the file system has no direct I/O. */
static int open_direct(struct ex *x, const struct ex_file *f)
{
	char path[EX_PATH_MAX];

	ex_path(x, f->name, path);
	return open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
}

static int refused(struct ex *x)
{
	if (errno != EINVAL && errno != EOPNOTSUPP)
		return ex_fail_errno(x, "open O_DIRECT");
	ex_note(x, ": refused");
	return 0;
}

int ex_direct_write(struct ex *x, struct ex_file *f)
{
	struct ex_range r = ex_pick_aligned(f, ex_pick_write(x, f));
	int fd = open_direct(x, f);
	ssize_t n;

	if (fd < 0)
		return refused(x);
	ex_note(x, " %#llx + %#llx", (unsigned long long)r.off, (unsigned long long)r.len);
	ex_new_data(x, f, r.off, r.len);
	n = pwrite(fd, x->buf, r.len, (off_t)r.off);
	if (ex_want_count(x, "direct pwrite", n, r.len)) {
		close(fd);
		return -1;
	}
	close(fd);
	ex_model_write(&f->model, r.off, x->buf, r.len);
	return 0;
}

int ex_direct_read(struct ex *x, struct ex_file *f)
{
	struct ex_range r = ex_pick_aligned(f, ex_pick_inside(x, f));
	uint64_t want = ex_model_readable(&f->model, r.off, r.len);
	int fd = open_direct(x, f);
	ssize_t n;

	if (fd < 0)
		return refused(x);
	ex_note(x, " %#llx + %#llx", (unsigned long long)r.off, (unsigned long long)r.len);
	n = pread(fd, x->buf, r.len, (off_t)r.off);
	if (ex_want_count(x, "direct pread", n, want)) {
		close(fd);
		return -1;
	}
	close(fd);
	return want == 0 ? 0 : ex_compare(x, f, x->buf, r.off, want);
}
