/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ost/ost_format.h"

/* Making an OST of a directory, and taking that back. */
#include "ost/ost_impl.h"

#include "base/error.h"
#include "base/sys.h"
#include "ost/label.h"
#include "ost/ost.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static int open_dir(const char *path)
{
	int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);

	if (fd == -ENOENT)
		return fail(fd, "%s: no such directory", path);
	return fd < 0 ? fail_sys(fd, "%s", path) : fd;
}

/* -ENOTEMPTY, with text, where the directory holds anything but lost+found. */
static int check_empty(const char *path, int dirfd)
{
	int fd = sys_openat(dirfd, ".", O_RDONLY | O_DIRECTORY, 0), err = 0;
	struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return fail_sys(fd, "%s", path);
	dir = fdopendir(fd);
	if (!dir) {
		fd_cleanup(&fd);
		return fail(-ENOMEM, "%s: no memory", path);
	}
	while (!err && (entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
		    strcmp(name, "lost+found") != 0)
			err = fail(-ENOTEMPTY, "%s is not empty: it holds '%s'", path, name);
	}
	closedir(dir);
	return err;
}

static int check_unused(const char *path, int dirfd)
{
	struct ost_label label;
	int err = label_read(dirfd, &label);

	if (!err)
		return fail(-EEXIST, "%s is OST %u of the volume with uuid %s", path, label.index,
			    label.uuid);
	if (err == -EUCLEAN)
		return fail(-EEXIST, "%s has a file 'label' already", path);
	return err == -ENOENT ? check_empty(path, dirfd) : fail_sys(err, "%s/" LABEL_NAME, path);
}

/* Objects can't be told apart from orphans without extended attributes: better to learn that now
 * than at the first file. */
static int check_xattrs(const char *path, int dirfd, bool privileged)
{
	const char *name = "user.fid";
	int err = sys_setxattr_fd(dirfd, name, "x", 1, 0); /* SMB has no empty ones */

	if (err == -EOPNOTSUPP && privileged) {
		name = "trusted.fid";
		if (!sys_setxattr_fd(dirfd, name, "x", 1, 0))
			err = 0;
	}
	if (err == -EOPNOTSUPP)
		return fail(err, "%s: the file system keeps no extended attributes", path);
	if (!err)
		err = sys_removexattr_fd(dirfd, name);
	return err ? fail_sys(err, "%s: trial of extended attributes", path) : 0;
}

static void remove_made(int dirfd)
{
	static const char *const files[] = { LABEL_NAME, LABEL_NAME ".new", OST_LAST_ID,
					     OST_LAST_ID ".new" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		(void)!sys_unlinkat(dirfd, files[i], 0);
	(void)!sys_unlinkat(dirfd, OST_FILES_DIR, AT_REMOVEDIR);
}

/* The label comes last, and durable itself: where it is, the rest is. */
static int make(int dirfd, const struct ost_label *label)
{
	int err = sys_mkdirat(dirfd, OST_FILES_DIR, 0700);

	if (!err)
		err = idfile_create(dirfd, OST_LAST_ID);
	if (!err)
		err = sys_fsync(dirfd);
	if (!err)
		err = label_write(dirfd, label);
	return err;
}

int ost_format(const char *path, const struct ost_label *label, bool privileged)
{
	CLEANUP_FD int fd = open_dir(path);
	int err;

	if (fd < 0)
		return fd;
	err = check_unused(path, fd);
	if (!err)
		err = check_xattrs(path, fd, privileged);
	if (err)
		return err;
	err = make(fd, label);
	if (err) {
		remove_made(fd);
		return err == -EINVAL ? err : fail_sys(err, "make an OST of %s", path);
	}
	return 0;
}

void ost_format_undo(const char *path, const struct ost_label *label)
{
	CLEANUP_FD int fd = open_dir(path);
	struct ost_label found;

	if (fd >= 0 && label_read(fd, &found) == 0 && label_equal(&found, label))
		remove_made(fd);
}

int ost_format_label(const char *path, struct ost_label *ret_label)
{
	CLEANUP_FD int fd = open_dir(path);
	int err;

	if (fd < 0)
		return fd;
	err = label_read(fd, ret_label);
	if (err == -ENOENT)
		return fail(err, "%s is not an OST: it has no label", path);
	if (err == -EUCLEAN)
		return fail(err, "%s: malformed label", path);
	return err ? fail_sys(err, "%s/" LABEL_NAME, path) : 0;
}
