/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdt/mdt_create.h"

#include "base/error.h"
#include "base/sys.h"
#include "mdt/creator.h"
#include "mdt/fid_name.h"
#include "mdt/layout_ea.h"
#include "mdt/lma.h"
#include "mdt/mdt_impl.h"
#include "mdt/mdt_names.h"

#include <errno.h>
#include <fcntl.h>

/* ext4 says EPERM, not ENOENT, to a new file in a directory that was removed. */
static bool is_removed(int dirfd)
{
	struct stat st;

	return sys_fstat(dirfd, &st) == 0 && st.st_nlink == 0;
}

/* A regular file without a name in dirfd, opened O_PATH's way: only the inode counts, its data is
 * never written. */
static int open_nameless(struct mdt *mdt, int dirfd, mode_t mode, const struct mdt_creator *who)
{
	struct creator_saved saved;
	int err = creator_enter(who, mdt->privileged, &saved);
	int fd;

	if (err)
		return err;
	fd = sys_openat(dirfd, ".", O_TMPFILE | O_WRONLY, mode & 07777);
	creator_leave(&saved);
	return fd == -EPERM && is_removed(dirfd) ? -ENOENT : fd;
}

/* A nameless file with FID and layout. Where it isn't named afterwards, undress() takes away what
 * isn't in the inode. */
static int dress(struct mdt *mdt, int fd, const struct layout *layout, struct fid *ret_fid)
{
	int err = lma_get_fid(mdt, fd, ret_fid);

	return err || !layout ? err : layout_ea_set(mdt, fd, layout);
}

static void undress(struct mdt *mdt, int fd)
{
	struct layout_beside beside;

	layout_ea_beside(mdt, fd, &beside);
	layout_ea_forget(mdt, &beside);
}

/* The descriptor that the caller keeps: O_PATH, so that nobody writes into an MDT inode by
 * accident. */
static int give_name(int fd, int dirfd, const char *name, int *ret_path_fd)
{
	CLEANUP_FD int path_fd = -1;
	char path[FD_PATH_MAX];
	int err;

	fd_path(fd, path);
	path_fd = sys_openat(AT_FDCWD, path, O_PATH, 0);
	if (path_fd < 0)
		return path_fd;
	err = sys_linkat(AT_FDCWD, path, dirfd, name, AT_SYMLINK_FOLLOW);
	if (!err)
		*ret_path_fd = fd_steal(&path_fd);
	return err;
}

int mdt_create(struct mdt *mdt, int dirfd, const char *name, mode_t mode,
	       const struct mdt_creator *who, const struct layout *layout, int *ret_fd)
{
	CLEANUP_FD int fd = -1;
	struct fid fid;
	int err = mdt_names_check(name);

	if (err)
		return err;
	fd = open_nameless(mdt, dirfd, mode, who);
	if (fd < 0)
		return fd;
	err = dress(mdt, fd, layout, &fid);
	if (!err)
		err = give_name(fd, dirfd, name, ret_fd);
	if (err)
		undress(mdt, fd);
	return err;
}

int mdt_create_pending(struct mdt *mdt, int dirfd, mode_t mode, const struct mdt_creator *who,
		       const struct layout *layout, struct fid *ret_fid, int *ret_fd)
{
	CLEANUP_FD int fd = open_nameless(mdt, dirfd, mode, who);
	char name[FID_NAME_MAX];
	struct fid fid;
	int err;

	if (fd < 0)
		return fd;
	err = dress(mdt, fd, layout, &fid);
	if (!err)
		err = give_name(fd, mdt->pending_fd, fid_name(fid, name), ret_fd);
	if (err)
		undress(mdt, fd);
	else
		*ret_fid = fid;
	return err;
}

/* What was just made under name: opened, and with a FID if it can have one. */
static int open_made(struct mdt *mdt, int dirfd, const char *name, bool with_fid, int *ret_fd)
{
	CLEANUP_FD int fd = sys_openat(dirfd, name, O_PATH | O_NOFOLLOW, 0);
	struct fid fid;
	int err;

	if (fd < 0)
		return fd;
	err = with_fid ? lma_get_fid(mdt, fd, &fid) : 0;
	if (!err)
		*ret_fd = fd_steal(&fd);
	return err;
}

/* Enters a new name with `made` (0 or why it failed); what can't be opened afterwards goes again.
 */
static int finish(struct mdt *mdt, int made, int dirfd, const char *name, bool is_dir, int *ret_fd)
{
	int err;

	if (made)
		return made;
	err = open_made(mdt, dirfd, name, is_dir, ret_fd);
	if (err)
		(void)!sys_unlinkat(dirfd, name, is_dir ? AT_REMOVEDIR : 0);
	return err;
}

int mdt_create_dir(struct mdt *mdt, int dirfd, const char *name, mode_t mode,
		   const struct mdt_creator *who, int *ret_fd)
{
	struct creator_saved saved;
	int err = mdt_names_check(name);

	if (!err)
		err = creator_enter(who, mdt->privileged, &saved);
	if (err)
		return err;
	err = sys_mkdirat(dirfd, name, mode & 07777);
	creator_leave(&saved);
	return finish(mdt, err, dirfd, name, true, ret_fd);
}

int mdt_create_node(struct mdt *mdt, int dirfd, const char *name, mode_t mode, dev_t dev,
		    const struct mdt_creator *who, int *ret_fd)
{
	struct creator_saved saved;
	int err = mdt_names_check(name);

	if (!S_ISCHR(mode) && !S_ISBLK(mode) && !S_ISFIFO(mode) && !S_ISSOCK(mode))
		return fail(-EINVAL, "mode 0%o is no special file's", mode);
	if (!err)
		err = creator_enter(who, mdt->privileged, &saved);
	if (err)
		return err;
	err = sys_mknodat(dirfd, name, mode, dev);
	creator_leave(&saved);
	return finish(mdt, err, dirfd, name, false, ret_fd);
}

int mdt_create_symlink(struct mdt *mdt, const char *target, int dirfd, const char *name,
		       const struct mdt_creator *who, int *ret_fd)
{
	struct creator_saved saved;
	int err = mdt_names_check(name);

	if (!err)
		err = creator_enter(who, mdt->privileged, &saved);
	if (err)
		return err;
	err = sys_symlinkat(target, dirfd, name);
	creator_leave(&saved);
	return finish(mdt, err, dirfd, name, false, ret_fd);
}
