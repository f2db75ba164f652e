/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdt/mdt_format.h"

/* Making an MDT of a directory, and taking that back. */
#include "mdt/mdt_impl.h"

#include "base/error.h"
#include "base/sys.h"
#include "mdt/lma.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>

#define TRIAL_BYTES 64

static const char *const trial_names[2] = { "trial1", "trial2" };

/* The FID of the file system's root, as on Lustre (FID_SEQ_ROOT). */
static const struct fid root_fid = { .seq = 0x200000007, .oid = 1 };

/* What may be there before: the volume's own files, and mkfs' of the backing file system. */
static bool may_stay(const char *name)
{
	static const char *const names[] = { ".", "..", "lost+found", "volume.conf", "lock" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

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
	while (!err && (entry = readdir(dir)))
		if (!may_stay(entry->d_name))
			err = fail(-ENOTEMPTY, "%s is not empty: it holds '%s'", path,
				   entry->d_name);
	closedir(dir);
	return err;
}

static int missing(const char *path, const char *what, int err)
{
	if (err == -EOPNOTSUPP || err == -EINVAL || err == -EPERM || err == -EISDIR ||
	    err == -ENOSYS)
		return fail(-EOPNOTSUPP, "%s: the file system has no %s, which an MDT needs", path,
			    what);
	return fail_sys(err, "%s: trial of %s", path, what);
}

/* renameat2(2): flags that a file system doesn't know give EINVAL. */
static int try_renames(int dirfd)
{
	int err = sys_renameat2(dirfd, trial_names[0], dirfd, trial_names[1], RENAME_NOREPLACE);

	if (err != -EEXIST)
		return err ? err : -EINVAL;
	return sys_renameat2(dirfd, trial_names[0], dirfd, trial_names[1], RENAME_EXCHANGE);
}

/* In PENDING: a nameless file with an xattr gets two names, which are renamed and removed. */
static int try_abilities(const char *path, int dirfd, bool privileged)
{
	CLEANUP_FD int fd = sys_openat(dirfd, ".", O_TMPFILE | O_WRONLY, 0600);
	const uint8_t bytes[TRIAL_BYTES] = { 0 };
	char name[FD_PATH_MAX];
	int err;

	if (fd < 0)
		return missing(path, "O_TMPFILE", fd);
	err = sys_setxattr_fd(fd, privileged ? "trusted.lov" : "user.lov", bytes, sizeof(bytes), 0);
	if (err)
		return missing(path, privileged ? "trusted. xattrs" : "user. xattrs", err);
	for (size_t i = 0; !err && i < ARRAY_SIZE(trial_names); i++)
		err = sys_linkat(AT_FDCWD, fd_path(fd, name), dirfd, trial_names[i],
				 AT_SYMLINK_FOLLOW);
	if (err)
		return missing(path, "hard links", err);
	err = try_renames(dirfd);
	if (err)
		return missing(path, "renameat2", err);
	for (size_t i = 0; !err && i < ARRAY_SIZE(trial_names); i++)
		err = sys_unlinkat(dirfd, trial_names[i], 0);
	return err ? fail_sys(err, "%s", path) : 0;
}

static int make_dir(const char *path, int dirfd, const char *name, mode_t mode, int *ret_fd)
{
	int err = sys_mkdirat(dirfd, name, mode), fd;

	if (err)
		return fail_sys(err, "make %s/%s", path, name);
	fd = sys_openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0)
		return fail_sys(fd, "open %s/%s", path, name);
	*ret_fd = fd;
	err = sys_chmod_fd(fd, mode); /* whatever the umask is */
	return err ? fail_sys(err, "chmod %s/%s", path, name) : 0;
}

static int make(const char *path, int dirfd, bool privileged)
{
	CLEANUP_FD int pending_fd = -1;
	CLEANUP_FD int layout_fd = -1;
	CLEANUP_FD int dirty_fd = -1;
	CLEANUP_FD int root_fd = -1;
	uint8_t lma[LMA_BYTES];
	int err = make_dir(path, dirfd, MDT_PENDING_DIR, 0700, &pending_fd);

	if (!err)
		err = try_abilities(path, pending_fd, privileged);
	if (!err)
		err = make_dir(path, dirfd, MDT_LAYOUT_DIR, 0700, &layout_fd);
	if (!err)
		err = make_dir(path, dirfd, MDT_DIRTY_DIR, 0700, &dirty_fd);
	if (!err)
		err = make_dir(path, dirfd, MDT_ROOT_DIR, 0755, &root_fd);
	if (err)
		return err;
	lma_encode(root_fid, lma);
	err = sys_setxattr_fd(root_fd, privileged ? "trusted." LMA_EA : "user." LMA_EA, lma,
			      sizeof(lma), 0);
	if (!err)
		err = idfile_create(dirfd, MDT_LAST_FID);
	if (!err)
		err = sys_fsync(root_fd);
	if (!err)
		err = sys_fsync(dirfd);
	return err ? fail_sys(err, "%s", path) : 0;
}

/* ROOT goes first: where it isn't empty, nothing else goes. */
static void remove_made(int dirfd)
{
	int err = sys_unlinkat(dirfd, MDT_ROOT_DIR, AT_REMOVEDIR);

	if (err && err != -ENOENT)
		return;
	(void)!sys_unlinkat(dirfd, MDT_LAYOUT_DIR, AT_REMOVEDIR);
	(void)!sys_unlinkat(dirfd, MDT_DIRTY_DIR, AT_REMOVEDIR);
	for (size_t i = 0; i < ARRAY_SIZE(trial_names); i++) {
		char name[64];

		snprintf(name, sizeof(name), MDT_PENDING_DIR "/%s", trial_names[i]);
		(void)!sys_unlinkat(dirfd, name, 0);
	}
	(void)!sys_unlinkat(dirfd, MDT_PENDING_DIR, AT_REMOVEDIR);
	(void)!sys_unlinkat(dirfd, MDT_LAST_FID, 0);
	(void)!sys_unlinkat(dirfd, MDT_LAST_FID ".new", 0);
	(void)!sys_unlinkat(dirfd, MDT_HANDLE_KEY, 0);
	(void)!sys_unlinkat(dirfd, MDT_HANDLE_KEY ".new", 0);
}

int mdt_format(const char *path, bool privileged)
{
	CLEANUP_FD int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	int err;

	if (fd == -ENOENT)
		return fail(fd, "%s: no such directory", path);
	if (fd < 0)
		return fail_sys(fd, "%s", path);
	err = check_empty(path, fd);
	if (err)
		return err;
	err = make(path, fd, privileged);
	if (err)
		remove_made(fd);
	return err;
}

void mdt_format_undo(const char *path)
{
	CLEANUP_FD int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);

	if (fd >= 0)
		remove_made(fd);
}
