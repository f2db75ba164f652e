/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's own copies. On Lustre they go through the page cache of the client: into a
 * descriptor opened with O_DIRECT they report success and write wrong bytes (here: zeros), and from
 * one that is bound to a mirror they mix with what the page cache has of another. Both are only
 * logged, so that a test sees what comes of it. From or to another file system: EXDEV. From a file
 * whose size nobody has asked for it copies nothing (seen.h).
 *
 * liburing is linked against by the program: without a ring nothing goes past this library.
 */
#include "seen.h"
#include "table.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

/* Wrong bytes at offset, or where the descriptor stands (offset NULL). */
static ssize_t write_zeros(int fd, off64_t *offset, size_t len)
{
	off64_t at = offset ? *offset : real.lseek(fd, 0, SEEK_CUR);
	char path[PROC_PATH_MAX], *zeros;
	struct open_file *f = table_get(fd);
	int writer = f ? real.openat(AT_FDCWD, table_own_path(f, path), O_WRONLY | O_CLOEXEC) : -1;
	ssize_t n = -1;

	table_put(f);
	len = len > 1 << 20 ? 1 << 20 : len;
	zeros = calloc(1, len);
	if (writer >= 0 && zeros)
		n = real.pwrite(writer, zeros, len, at);
	free(zeros);
	if (writer >= 0)
		real.close(writer);
	if (n > 0 && offset)
		*offset += n;
	else if (n > 0)
		real.lseek(fd, at + n, SEEK_SET);
	return n;
}

static bool is_bad(const char *call, int in, int out)
{
	struct open_file *src = table_get(in), *dst = table_get(out);
	bool bad = dst && dst->regular && dst->direct;

	if (bad)
		double_log("FORBIDDEN %s", call);
	if (src && src->bound)
		double_log("FORBIDDEN %s from a descriptor bound to a mirror", call);
	table_put(src);
	table_put(dst);
	return bad;
}

static bool is_across(int in, int out)
{
	struct identity a, b;
	bool ours_in = double_is_ours(in, &a), ours_out = double_is_ours(out, &b);

	return ours_in != ours_out;
}

static bool is_seen(int in)
{
	struct open_file *src = table_get(in);
	bool seen = !src || !src->regular || seen_file(src);

	table_put(src);
	return seen;
}

EXPORT ssize_t copy_file_range(int in, off64_t *in_offset, int out, off64_t *out_offset, size_t len,
			       unsigned int flags)
{
	ssize_t n;

	if (!double_mount()->active)
		return real.copy_file_range(in, in_offset, out, out_offset, len, flags);
	if (is_across(in, out))
		return double_answer(-EXDEV);
	if (!is_seen(in)) {
		double_log("copy_file_range = 0: nobody has asked for the source's size");
		return 0;
	}
	if (is_bad("copy_file_range", in, out)) {
		n = write_zeros(out, out_offset, len);
		if (n > 0 && in_offset)
			*in_offset += n;
		return n;
	}
	n = real.copy_file_range(in, in_offset, out, out_offset, len, flags);
	if (n >= 0) {
		struct identity id;

		if (double_is_ours(out, &id))
			double_log("copy_file_range = %zd", n);
	}
	return n;
}

static ssize_t send_any(int out, int in, off_t *offset, size_t len)
{
	ssize_t n;

	if (!double_mount()->active || !is_bad("sendfile", in, out))
		return real.sendfile(out, in, offset, len);
	n = write_zeros(out, NULL, len);
	if (n > 0 && offset)
		*offset += n;
	return n;
}

EXPORT ssize_t sendfile(int out, int in, off_t *offset, size_t len)
{
	return send_any(out, in, offset, len);
}

EXPORT ssize_t sendfile64(int out, int in, off64_t *offset, size_t len)
{
	return send_any(out, in, offset, len);
}

/* What the pipe holds is lost, as far as the file is concerned. */
EXPORT ssize_t splice(int in, off64_t *in_offset, int out, off64_t *out_offset, size_t len,
		      unsigned int flags)
{
	char *bytes;
	ssize_t n;

	if (!double_mount()->active || !is_bad("splice", in, out))
		return real.splice(in, in_offset, out, out_offset, len, flags);
	len = len > 1 << 20 ? 1 << 20 : len;
	bytes = malloc(len);
	n = bytes ? real.read(in, bytes, len) : -1;
	free(bytes);
	return n > 0 ? write_zeros(out, out_offset, (size_t)n) : n;
}

/* ---- io_uring: what liburing's functions return is a negative errno ---- */

EXPORT int io_uring_queue_init(unsigned int entries, void *ring, unsigned int flags);
EXPORT int io_uring_queue_init_params(unsigned int entries, void *ring, void *params);

static int refuse(void)
{
	static atomic_bool told;

	if (!atomic_exchange(&told, true))
		double_log("io_uring refused");
	return -ENOSYS;
}

int io_uring_queue_init(unsigned int entries, void *ring, unsigned int flags)
{
	int (*next)(unsigned int, void *, unsigned int);
	void *f = dlsym(RTLD_NEXT, "io_uring_queue_init");

	if (double_mount()->active || !f)
		return refuse();
	memcpy(&next, &f, sizeof(f));
	return next(entries, ring, flags);
}

int io_uring_queue_init_params(unsigned int entries, void *ring, void *params)
{
	int (*next)(unsigned int, void *, void *);
	void *f = dlsym(RTLD_NEXT, "io_uring_queue_init_params");

	if (double_mount()->active || !f)
		return refuse();
	memcpy(&next, &f, sizeof(f));
	return next(entries, ring, params);
}
