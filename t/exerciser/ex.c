/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exerciser/ex.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exerciser/stamp.h"

void ex_path(const struct ex *x, const char *name, char *ret_path)
{
	snprintf(ret_path, EX_PATH_MAX, "%s/%s", x->opts->dir, name);
}

/* ---- history and failures ---- */

static struct ex_entry *last_entry(struct ex *x)
{
	return &x->history[(x->nr_history - 1) % EX_HISTORY];
}

void ex_begin(struct ex *x, const struct ex_file *f, const char *what)
{
	if (x->opts->verbose && x->nr_history > 0)
		printf("%s\n", last_entry(x)->text);
	x->nr_history++;
	snprintf(last_entry(x)->text, sizeof(last_entry(x)->text),
		 "%llu file %u (%s) size %#llx: %s", (unsigned long long)x->op_no, f->idx, f->name,
		 (unsigned long long)f->model.size, what);
}

void ex_note(struct ex *x, const char *fmt, ...)
{
	struct ex_entry *e = last_entry(x);
	size_t used = strlen(e->text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->text + used, sizeof(e->text) - used, fmt, ap);
	va_end(ap);
}

static void print_history(const struct ex *x)
{
	uint64_t i = x->nr_history > EX_HISTORY ? x->nr_history - EX_HISTORY : 0;

	fprintf(stderr, "the last operations (number, file, its name and size before, what):\n");
	for (; i < x->nr_history; i++)
		fprintf(stderr, "  %s\n", x->history[i % EX_HISTORY].text);
	fprintf(stderr, "the files are left in %s; again with --seed %llu\n", x->opts->dir,
		(unsigned long long)x->opts->seed);
}

int ex_fail(struct ex *x, const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "exerciser: FAILED at operation %llu: ", (unsigned long long)x->op_no);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	print_history(x);
	return -1;
}

int ex_fail_errno(struct ex *x, const char *call)
{
	return ex_fail(x, "%s: %s", call, strerror(errno));
}

/* ---- checks ---- */

int ex_want_count(struct ex *x, const char *call, int64_t got, uint64_t want)
{
	if (got < 0)
		return ex_fail_errno(x, call);
	if ((uint64_t)got != want)
		return ex_fail(x, "%s: %lld bytes instead of %llu", call, (long long)got,
			       (unsigned long long)want);
	return 0;
}

/* Decodes the found word that covers the differing byte; copies may have shifted it. */
static void describe_word(const struct ex *x, const unsigned char *bytes, uint64_t len, uint64_t at,
			  char *ret_text, size_t size)
{
	snprintf(ret_text, size, "of unknown origin");
	for (uint64_t back = 0; back < 8 && back <= at; back++) {
		uint64_t start = at - back, value;
		struct stamp s;

		if (start + 8 > len)
			continue;
		memcpy(&value, bytes + start, 8);
		if (!stamp_parse(le64toh(value), &s) || s.gen > x->op_no ||
		    s.file >= x->opts->files || s.word * 8 >= x->opts->max_size)
			continue;
		snprintf(ret_text, size, "written by operation %u at %#llx of file %u", s.gen,
			 (unsigned long long)(s.word * 8 + back), s.file);
		return;
	}
	if (bytes[at] == 0)
		snprintf(ret_text, size, "zero");
}

static void print_bytes(const char *label, const unsigned char *bytes, uint64_t len, uint64_t at,
			const char *origin)
{
	fprintf(stderr, "  %-8s", label);
	for (uint64_t i = at; i < at + 16 && i < len; i++)
		fprintf(stderr, " %02x", bytes[i]);
	fprintf(stderr, "  (%s)\n", origin);
}

int ex_compare(struct ex *x, const struct ex_file *f, const void *found, uint64_t off, uint64_t len)
{
	const unsigned char *want = f->model.bytes + off, *got = found;
	uint64_t at = 0, nr_bad = 0;
	char origin[128];

	if (memcmp(want, got, len) == 0)
		return 0;
	while (want[at] == got[at])
		at++;
	for (uint64_t i = at; i < len; i++)
		nr_bad += want[i] != got[i];
	fflush(stdout);
	fprintf(stderr,
		"exerciser: file %u (%s) differs at offset %#llx (%llu bytes of %#llx + %#llx)\n",
		f->idx, f->name, (unsigned long long)(off + at), (unsigned long long)nr_bad,
		(unsigned long long)off, (unsigned long long)len);
	describe_word(x, f->model.bytes, f->model.capacity, off + at, origin, sizeof(origin));
	print_bytes("expected", want, len, at, origin);
	describe_word(x, got, len, at, origin, sizeof(origin));
	print_bytes("found", got, len, at, origin);
	return ex_fail(x, "wrong content in %s", f->name);
}

int ex_check_size(struct ex *x, const struct ex_file *f)
{
	struct stat st;

	if (fstat(f->fd, &st) < 0)
		return ex_fail_errno(x, "fstat");
	if ((uint64_t)st.st_size != f->model.size)
		return ex_fail(x, "%s has size %#llx instead of %#llx", f->name,
			       (unsigned long long)st.st_size, (unsigned long long)f->model.size);
	return 0;
}

int ex_check_all(struct ex *x, const struct ex_file *f, int fd)
{
	uint64_t off = 0;

	do {
		uint64_t want = ex_model_readable(&f->model, off, EX_IO_MAX);

		if (ex_want_count(x, "pread", pread(fd, x->buf, EX_IO_MAX, (off_t)off), want) ||
		    ex_compare(x, f, x->buf, off, want))
			return -1;
		off += EX_IO_MAX;
	} while (off < f->model.size);
	return ex_check_size(x, f);
}

void ex_new_data(struct ex *x, const struct ex_file *f, uint64_t off, uint64_t len)
{
	stamp_fill(x->buf, len, off, f->idx, (uint32_t)x->op_no);
}

struct ex_file *ex_other_file(struct ex *x, const struct ex_file *f)
{
	unsigned int step = 1;

	if (x->opts->files > 1)
		step += (unsigned int)xrand_below(&x->rnd, x->opts->files - 1);
	return &x->files[(f->idx + step) % x->opts->files];
}

/* ---- files ---- */

int ex_file_open(struct ex *x, struct ex_file *f)
{
	char path[EX_PATH_MAX];

	ex_path(x, f->name, path);
	f->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	return f->fd < 0 ? ex_fail_errno(x, path) : 0;
}

void ex_file_close(struct ex_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	f->map_dirty = false;
}

/* What a file holds at the start is taken as it is. */
static int load_model(struct ex *x, struct ex_file *f)
{
	struct stat st;

	if (fstat(f->fd, &st) < 0)
		return ex_fail_errno(x, "fstat");
	if ((uint64_t)st.st_size > f->model.capacity)
		return ex_fail(x, "%s is larger than --max-size", f->name);
	f->model.size = (uint64_t)st.st_size;
	return ex_want_count(x, "pread", pread(f->fd, f->model.bytes, f->model.size, 0),
			     f->model.size);
}

int ex_open(struct ex *x, const struct ex_opts *opts)
{
	memset(x, 0, sizeof(*x));
	x->opts = opts;
	xrand_init(&x->rnd, opts->seed);
	for (unsigned int i = 0; i < opts->files; i++) {
		x->files[i].idx = i;
		x->files[i].fd = -1;
		snprintf(x->files[i].name, sizeof(x->files[i].name), "f%u", i);
	}
	x->buf = aligned_alloc(EX_ALIGN, EX_IO_MAX + EX_ALIGN);
	if (!x->buf)
		return ex_fail(x, "out of memory");
	for (unsigned int i = 0; i < opts->files; i++) {
		struct ex_file *f = &x->files[i];

		ex_begin(x, f, "open");
		if (ex_model_init(&f->model, opts->max_size) < 0)
			return ex_fail(x, "out of memory");
		if (ex_file_open(x, f) || load_model(x, f))
			return -1;
	}
	return 0;
}

void ex_close(struct ex *x)
{
	for (unsigned int i = 0; i < x->opts->files; i++) {
		ex_file_close(&x->files[i]);
		ex_model_release(&x->files[i].model);
	}
	free(x->buf);
	x->buf = NULL;
}
