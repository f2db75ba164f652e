/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "exerciser/ex_ops.h"
#include "exerciser/ex_pick.h"

struct copy {
	struct ex_file *src, *dst;
	uint64_t src_off, dst_off;
	uint64_t len; /* what is there to copy */
	uint64_t ask; /* what the first call asks for; beyond len when it reaches past the end */
};

static void note_copy(struct ex *x, const struct copy *c)
{
	ex_note(x, " %#llx + %#llx -> %s %#llx", (unsigned long long)c->src_off,
		(unsigned long long)c->ask, c->dst->name, (unsigned long long)c->dst_off);
}

/* One call, with explicit offsets or with the descriptors' positions. */
static ssize_t copy_call(const struct copy *c, uint64_t done, uint64_t ask, bool by_position)
{
	off_t src_off = (off_t)(c->src_off + done), dst_off = (off_t)(c->dst_off + done);
	ssize_t n;

	if (!by_position) {
		n = copy_file_range(c->src->fd, &src_off, c->dst->fd, &dst_off, ask, 0);
	} else {
		if (lseek(c->src->fd, src_off, SEEK_SET) < 0 ||
		    lseek(c->dst->fd, dst_off, SEEK_SET) < 0)
			return -1;
		n = copy_file_range(c->src->fd, NULL, c->dst->fd, NULL, ask, 0);
		src_off = lseek(c->src->fd, 0, SEEK_CUR);
		dst_off = lseek(c->dst->fd, 0, SEEK_CUR);
	}
	if (n >= 0 && (src_off != (off_t)(c->src_off + done) + n ||
		       dst_off != (off_t)(c->dst_off + done) + n)) {
		errno = EBADE; /* the offsets didn't move by the count */
		return -1;
	}
	return n;
}

static int copy_run(struct ex *x, const struct copy *c)
{
	bool by_position = c->src != c->dst && xrand_chance(&x->rnd, 20);
	uint64_t done = 0, ask = c->ask;

	while (done < c->len) {
		ssize_t n = copy_call(c, done, ask, by_position);

		if (n < 0)
			return ex_fail_errno(x, "copy_file_range");
		if (n == 0 || (uint64_t)n > c->len - done)
			return ex_fail(x, "copy_file_range: %zd of %#llx bytes", n,
				       (unsigned long long)(c->len - done));
		done += (uint64_t)n;
		ask = c->len - done;
	}
	ex_model_copy(&c->dst->model, c->dst_off, &c->src->model, c->src_off, c->len);
	return 0;
}

/* At the end of the source nothing is copied, and nothing changes. */
static int copy_past_end(struct ex *x, const struct copy *c)
{
	off_t src_off = (off_t)(c->src->model.size + xrand_below(&x->rnd, 2) * 4096);
	off_t dst_off = (off_t)c->dst_off;
	ssize_t n = copy_file_range(c->src->fd, &src_off, c->dst->fd, &dst_off, 4096, 0);

	return ex_want_count(x, "copy_file_range past the end", n, 0);
}

static int check_copy(struct ex *x, const struct copy *c)
{
	uint64_t off = c->dst_off;

	/* Mostly left to later reads, which may find it at another moment of the caches' life. */
	if (c->len == 0 || c->len > EX_IO_MAX || !xrand_chance(&x->rnd, 30))
		return 0;
	if (ex_want_count(x, "pread", pread(c->dst->fd, x->buf, c->len, (off_t)off), c->len))
		return -1;
	return ex_compare(x, c->dst, x->buf, off, c->len);
}

/* Offsets and a length that fit; 40 % have both offsets congruent, as a reflink needs it. */
static struct copy pick_copy(struct ex *x, struct ex_file *src, struct ex_file *dst)
{
	struct ex_range from = ex_pick_inside(x, src);
	struct ex_range to = ex_pick_write(x, dst);
	struct copy c = { .src = src, .dst = dst };

	if (xrand_chance(&x->rnd, 40)) {
		from = ex_pick_aligned(src, from);
		to.off = to.off / EX_ALIGN * EX_ALIGN;
		if (xrand_chance(&x->rnd, 30)) {
			from.off += from.len > 100 ? 100 : 0;
			to.off += from.off % EX_ALIGN;
		}
	}
	if (xrand_chance(&x->rnd, 3)) {
		from = (struct ex_range){ 0, src->model.size };
		to.off = 0;
	}
	if (to.off >= dst->model.capacity)
		to.off = 0;
	c.src_off = from.off;
	c.dst_off = to.off;
	c.len = ex_model_readable(&src->model, from.off, from.len);
	if (c.len > dst->model.capacity - to.off)
		c.len = dst->model.capacity - to.off;
	c.ask = c.len;
	return c;
}

int ex_copy_between(struct ex *x, struct ex_file *f)
{
	struct ex_file *dst = ex_other_file(x, f);
	struct copy c = pick_copy(x, f, dst);

	if (dst == f || c.len == 0)
		return 0;
	if (c.src_off + c.len == f->model.size && xrand_chance(&x->rnd, 30))
		c.ask += xrand_below(&x->rnd, 4 << 20);
	note_copy(x, &c);
	if (copy_run(x, &c) || check_copy(x, &c) || ex_check_size(x, dst))
		return -1;
	return xrand_chance(&x->rnd, 10) ? copy_past_end(x, &c) : 0;
}

static bool overlaps(const struct copy *c)
{
	return c->src_off < c->dst_off + c->len && c->dst_off < c->src_off + c->len;
}

int ex_copy_within(struct ex *x, struct ex_file *f)
{
	struct copy c = pick_copy(x, f, f);
	off_t src_off = (off_t)c.src_off, dst_off = (off_t)c.dst_off;

	if (c.len == 0)
		return 0;
	note_copy(x, &c);
	if (!overlaps(&c))
		return copy_run(x, &c) || check_copy(x, &c) ? -1 : 0;
	ex_note(x, " overlapping");
	if (copy_file_range(f->fd, &src_off, f->fd, &dst_off, c.len, 0) >= 0 || errno != EINVAL)
		return ex_fail(x, "overlapping copy_file_range is not EINVAL");
	return 0;
}

static int want_errno(struct ex *x, const char *what, ssize_t n, int want)
{
	int got = n < 0 ? errno : 0;

	if (got == want)
		return 0;
	return ex_fail(x, "%s: errno %d instead of %d", what, got, want);
}

/* What copy_file_range(2) says must be refused. */
int ex_copy_refused(struct ex *x, struct ex_file *f)
{
	struct ex_file *dst = ex_other_file(x, f);
	off_t src_off = 0, dst_off = 0;
	char path[EX_PATH_MAX];
	int append_fd, read_fd;
	int rc;

	ex_path(x, dst->name, path);
	append_fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	read_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (append_fd < 0 || read_fd < 0) {
		rc = ex_fail_errno(x, "open");
		goto out;
	}
	rc = want_errno(x, "O_APPEND destination",
			copy_file_range(f->fd, &src_off, append_fd, &dst_off, 4096, 0), EBADF);
	if (rc == 0)
		rc = want_errno(x, "O_RDONLY destination",
				copy_file_range(f->fd, &src_off, read_fd, &dst_off, 4096, 0),
				EBADF);
	if (rc == 0)
		rc = want_errno(x, "unknown flag",
				copy_file_range(f->fd, &src_off, dst->fd, &dst_off, 4096, 1),
				EINVAL);
out:
	if (append_fd >= 0)
		close(append_fd);
	if (read_fd >= 0)
		close(read_fd);
	return rc;
}
