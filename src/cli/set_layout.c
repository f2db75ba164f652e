/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/set_layout.h"

#include "base/error.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

/* The layout is checked before anything is made. */
static int check(struct place_fs *keeper, const char *path, const struct layout *request,
		 struct fs **ret_fs)
{
	const struct layout_limits *limits;
	int err = place_fs_get(keeper, path, ret_fs);

	if (!err)
		err = fs_limits(*ret_fs, &limits);
	return err ? err : layout_check_request(request, limits);
}

static int set_on_directory(struct fs *fs, const char *path, const struct layout *request)
{
	CLEANUP_FD int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return fail_sys(fd, "cannot open it");
	return fs->ops->layout_set(fs, fd, request);
}

static int set_on_existing(struct fs *fs, const char *path, const struct layout *request)
{
	CLEANUP_FD int fd =
		sys_openat(AT_FDCWD, path, O_WRONLY | O_NONBLOCK | O_NOCTTY | fs->create_flags, 0);
	int err;

	if (fd < 0)
		return fail_sys(fd, "cannot open it for writing");
	err = fs->ops->layout_set(fs, fd, request);
	if (err == -EEXIST)
		return fail(err, "has objects already; 'lov migrate' gives it another layout");
	return err;
}

/* What was made here goes again if it can't have the layout. */
static int create(struct fs *fs, const char *path, const struct layout *request)
{
	CLEANUP_FD int fd = sys_openat(
		AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | fs->create_flags, 0666);
	char text[ERROR_TEXT_MAX];
	int err;

	if (fd < 0)
		return fail_sys(fd, "cannot create it");
	err = fs->ops->layout_set(fs, fd, request);
	if (!err)
		return 0;
	snprintf(text, sizeof(text), "%s", error_text(err));
	(void)!sys_unlinkat(AT_FDCWD, path, 0);
	return fail(err, "%s", text);
}

int set_layout(struct place_fs *keeper, const char *path, const struct layout *request,
	       struct fs **ret_fs)
{
	struct stat st;
	struct fs *fs;
	int err = check(keeper, path, request, &fs);

	if (err)
		return err;
	*ret_fs = fs;
	err = sys_fstatat(AT_FDCWD, path, &st, 0);
	if (err == -ENOENT)
		return create(fs, path, request);
	if (err)
		return fail_sys(err, "cannot read its attributes");
	if (S_ISDIR(st.st_mode))
		return set_on_directory(fs, path, request);
	if (S_ISREG(st.st_mode))
		return set_on_existing(fs, path, request);
	return fail(-EINVAL, "is neither a regular file nor a directory");
}
