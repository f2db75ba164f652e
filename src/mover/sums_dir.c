/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/sums_dir.h"

#include "base/error.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_LEN_MAX (SUMS_FSNAME_MAX + FID_TEXT_MAX + 1)

/* The FID without its brackets. A name of a file system with a slash would be none. */
static const char *name_of(const char *fsname, struct fid file, char name[NAME_LEN_MAX])
{
	char text[FID_TEXT_MAX];

	fid_text(file, text);
	text[strcspn(text, "]")] = '\0';
	snprintf(name, NAME_LEN_MAX, "%.15s-%s", fsname, text + 1);
	for (char *at = name; *at; at++)
		*at = *at == '/' ? '_' : *at;
	return name;
}

/* As ssh(1) wants it of its files. */
static int check_owner(const struct stat *st)
{
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return fail(-EPERM, "belongs to user %u, who could put anything there", st->st_uid);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return fail(-EPERM, "can be written by others than its owner");
	return 0;
}

int sums_dir_open(const char *path, int *ret_fd)
{
	CLEANUP_FD int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOCTTY, 0);
	struct stat st;
	int err;

	if (fd < 0)
		return fail_sys(fd, "cannot open it");
	err = sys_fstat(fd, &st);
	if (err)
		return fail_sys(err, "cannot read its attributes");
	err = check_owner(&st);
	if (err)
		return err;
	if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS))
		return fail_sys(-errno, "cannot write to it");
	*ret_fd = fd_steal(&fd);
	return 0;
}

/* ---- reading ---- */

static int open_record(int dir_fd, const char *name, struct stat *st, int *ret_fd)
{
	CLEANUP_FD int fd =
		sys_openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
	int err;

	if (fd == -ENOENT)
		return fail(fd, "there is none yet");
	if (fd < 0)
		return fail_sys(fd, "record %s: cannot open it", name);
	err = sys_fstat(fd, st);
	if (err)
		return fail_sys(err, "record %s: cannot read its attributes", name);
	if (!S_ISREG(st->st_mode))
		return fail(-EPERM, "record %s: is not a regular file", name);
	err = check_owner(st);
	if (err)
		return fail(err,
			    "record %s: can't be trusted: it isn't the caller's or root's alone",
			    name);
	*ret_fd = fd_steal(&fd);
	return 0;
}

static int read_record(int fd, const char *name, size_t len, struct sums_record *ret)
{
	CLEANUP_FREE uint8_t *bytes = malloc(len + 1);
	char why[ERROR_TEXT_MAX];
	ssize_t n;
	int err;

	if (!bytes)
		return fail(-ENOMEM, "record %s: no memory", name);
	n = sys_pread_full(fd, bytes, len + 1, 0);
	if (n < 0)
		return fail_sys((int)n, "record %s: cannot read it", name);
	err = sums_record_decode(bytes, (size_t)n, ret);
	if (!err)
		return 0;
	snprintf(why, sizeof(why), "%s", error_text(err));
	return fail(err, "record %s: %.300s", name, why);
}

int sums_dir_load(int dir_fd, const char *fsname, struct fid file, struct sums_record *ret)
{
	char name[NAME_LEN_MAX];
	CLEANUP_FD int fd = -1;
	struct stat st;
	int err = open_record(dir_fd, name_of(fsname, file, name), &st, &fd);

	if (err)
		return err;
	if ((uint64_t)st.st_size > sums_record_max_bytes(UINT64_MAX))
		return fail(-EUCLEAN, "record %s: is too long", name);
	return read_record(fd, name, (size_t)st.st_size, ret);
}

/* ---- writing ---- */

int sums_dir_remove(int dir_fd, const char *fsname, struct fid file)
{
	char name[NAME_LEN_MAX];
	int err = sys_unlinkat(dir_fd, name_of(fsname, file, name), 0);

	if (err == -ENOENT)
		return 0;
	if (!err)
		err = sys_fsync(dir_fd);
	return err ? fail_sys(err, "record %s: cannot remove it", name) : 0;
}

int sums_dir_store(int dir_fd, const struct sums_record *r)
{
	CLEANUP_FREE uint8_t *bytes = NULL;
	char name[NAME_LEN_MAX];
	size_t len;
	int err = sums_record_encode(r, &bytes, &len);

	if (err)
		return err;
	err = sys_replace_file(dir_fd, name_of(r->fsname, r->file, name), bytes, len, 0600);
	return err ? fail_sys(err, "record %s: cannot write it", name) : 0;
}
