/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exerciser/ex_ops.h"
#include "exerciser/ex_pick.h"

/* A name that no file has now. */
static void free_name(const struct ex *x, const struct ex_file *f, char *ret_name, size_t size)
{
	snprintf(ret_name, size, "f%u.%llu", f->idx, (unsigned long long)x->op_no);
}

static void take_name(struct ex_file *f, const char *name)
{
	snprintf(f->name, sizeof(f->name), "%s", name);
}

static int want_links(struct ex *x, int fd, unsigned long want)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return ex_fail_errno(x, "fstat");
	if (st.st_nlink != want)
		return ex_fail(x, "%lu links instead of %lu", (unsigned long)st.st_nlink, want);
	return 0;
}

/* A second name, the first one removed, perhaps reopened by the second. */
int ex_name_link(struct ex *x, struct ex_file *f)
{
	char old_path[EX_PATH_MAX], new_path[EX_PATH_MAX];
	char name[32];

	free_name(x, f, name, sizeof(name));
	ex_path(x, f->name, old_path);
	ex_path(x, name, new_path);
	ex_note(x, " to %s", name);
	if (link(old_path, new_path) < 0)
		return ex_fail_errno(x, "link");
	if (want_links(x, f->fd, 2))
		return -1;
	if (unlink(old_path) < 0)
		return ex_fail_errno(x, "unlink");
	take_name(f, name);
	if (want_links(x, f->fd, 1))
		return -1;
	return xrand_chance(&x->rnd, 50) ? ex_sync_reopen(x, f) : 0;
}

/* Sometimes over an empty file that stood there. */
int ex_name_rename(struct ex *x, struct ex_file *f)
{
	char old_path[EX_PATH_MAX], new_path[EX_PATH_MAX];
	char name[32];
	int fd;

	free_name(x, f, name, sizeof(name));
	ex_path(x, f->name, old_path);
	ex_path(x, name, new_path);
	ex_note(x, " to %s", name);
	if (xrand_chance(&x->rnd, 50)) {
		ex_note(x, " (exists)");
		fd = open(new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		if (fd < 0 || write(fd, "old", 3) != 3)
			return ex_fail_errno(x, "create");
		close(fd);
		if (renameat2(AT_FDCWD, old_path, AT_FDCWD, new_path, RENAME_NOREPLACE) == 0 ||
		    (errno != EEXIST && errno != EINVAL))
			return ex_fail(x, "RENAME_NOREPLACE onto a file is not EEXIST");
	}
	if (rename(old_path, new_path) < 0)
		return ex_fail_errno(x, "rename");
	take_name(f, name);
	return 0;
}

int ex_name_exchange(struct ex *x, struct ex_file *f)
{
	struct ex_file *other = ex_other_file(x, f);
	char path[EX_PATH_MAX], other_path[EX_PATH_MAX];
	char name[sizeof(f->name)];

	if (other == f)
		return 0;
	ex_note(x, " with %s", other->name);
	ex_path(x, f->name, path);
	ex_path(x, other->name, other_path);
	if (renameat2(AT_FDCWD, path, AT_FDCWD, other_path, RENAME_EXCHANGE) < 0) {
		if (errno != EINVAL)
			return ex_fail_errno(x, "RENAME_EXCHANGE");
		ex_note(x, ": not supported");
		return 0;
	}
	memcpy(name, f->name, sizeof(name));
	memcpy(f->name, other->name, sizeof(name));
	memcpy(other->name, name, sizeof(name));
	return 0;
}

/* What an unlinked file must still do until it is closed. */
static int use_orphan(struct ex *x, const struct ex_file *f, int fd)
{
	struct ex_range r = ex_pick_inside(x, f);
	off_t from = (off_t)r.off, to = 5;
	ssize_t n;

	if (want_links(x, fd, 0))
		return -1;
	if (r.len == 0)
		return 0;
	/* A copy into it, short counts allowed, and what came is compared with the source. */
	n = copy_file_range(f->fd, &from, fd, &to, r.len, 0);
	if (n <= 0)
		return ex_fail_errno(x, "copy_file_range to an unlinked file");
	if (ex_want_count(x, "pread", pread(fd, x->buf, EX_IO_MAX, 5), (uint64_t)n) ||
	    ex_compare(x, f, x->buf, r.off, (uint64_t)n))
		return -1;
	if (ftruncate(fd, 5) < 0)
		return ex_fail_errno(x, "ftruncate");
	return ex_want_count(x, "pread", pread(fd, x->buf, 4096, 0), 5);
}

int ex_name_orphan(struct ex *x, struct ex_file *f)
{
	char path[EX_PATH_MAX];
	char name[40];
	int fd, rc;

	snprintf(name, sizeof(name), "orphan.%llu", (unsigned long long)x->op_no);
	ex_path(x, name, path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return ex_fail_errno(x, "create");
	if (unlink(path) < 0)
		rc = ex_fail_errno(x, "unlink");
	else
		rc = use_orphan(x, f, fd);
	close(fd);
	return rc;
}

static int move_to(struct ex *x, struct ex_file *f, const char *name)
{
	char old_path[EX_PATH_MAX], new_path[EX_PATH_MAX];

	ex_path(x, f->name, old_path);
	ex_path(x, name, new_path);
	if (rename(old_path, new_path) < 0)
		return ex_fail_errno(x, "rename");
	take_name(f, name);
	return 0;
}

int ex_name_restore(struct ex *x)
{
	char name[32];

	/* Names may have been exchanged: first to names that nobody has. */
	for (unsigned int i = 0; i < x->opts->files; i++) {
		snprintf(name, sizeof(name), "f%u.back", i);
		if (move_to(x, &x->files[i], name))
			return -1;
	}
	for (unsigned int i = 0; i < x->opts->files; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		if (move_to(x, &x->files[i], name))
			return -1;
	}
	return 0;
}
