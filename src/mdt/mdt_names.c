/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdt/mdt_names.h"

#include "base/error.h"
#include "base/log.h"
#include "base/sys.h"
#include "mdt/fid_name.h"
#include "mdt/layout_ea.h"
#include "mdt/creator.h"
#include "mdt/lma.h"
#include "mdt/mdt_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>

int mdt_names_check(const char *name)
{
	if (name[0] == '\0' || strchr(name, '/') || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0)
		return fail(-EINVAL, "'%s' is no file name", name);
	return 0;
}

static int open_name(int dirfd, const char *name, struct stat *ret_st)
{
	CLEANUP_FD int fd = sys_openat(dirfd, name, O_PATH | O_NOFOLLOW, 0);
	int err;

	if (fd < 0)
		return fd;
	err = sys_fstat(fd, ret_st);
	return err ? err : fd_steal(&fd);
}

int mdt_names_lookup(struct mdt *mdt, int dirfd, const char *name, int *ret_fd)
{
	CLEANUP_FD int fd = -1;
	struct stat st;
	int err = mdt_names_check(name);

	if (err)
		return err;
	fd = open_name(dirfd, name, &st);
	if (fd < 0)
		return fd;
	if (st.st_dev != mdt->device)
		return fail(-EXDEV, "another file system is mounted on '%s' inside the MDT", name);
	*ret_fd = fd_steal(&fd);
	return 0;
}

int mdt_names_link(struct mdt *mdt, int fd, int dirfd, const char *name)
{
	char path[FD_PATH_MAX];
	int err = mdt_names_check(name);

	(void)mdt;
	return err ? err : sys_linkat(AT_FDCWD, fd_path(fd, path), dirfd, name, AT_SYMLINK_FOLLOW);
}

int mdt_names_rmdir(struct mdt *mdt, int dirfd, const char *name)
{
	CLEANUP_FD int fd = -1;
	struct layout_beside beside;
	int err = mdt_names_check(name);

	if (err)
		return err;
	fd = sys_openat(dirfd, name, O_PATH | O_NOFOLLOW | O_DIRECTORY, 0);
	if (fd < 0)
		return fd;
	layout_ea_beside(mdt, fd, &beside);
	err = sys_unlinkat(dirfd, name, AT_REMOVEDIR);
	if (!err)
		layout_ea_forget(mdt, &beside);
	return err;
}

static bool is_last_name(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_nlink == 1;
}

int mdt_names_unlink(struct mdt *mdt, int dirfd, const char *name, struct fid *ret_orphan)
{
	CLEANUP_FD int fd = -1;
	char pending[FID_NAME_MAX];
	struct fid fid = { 0 };
	struct stat st;
	int err = mdt_names_check(name);

	if (err)
		return err;
	fd = open_name(dirfd, name, &st);
	if (fd < 0)
		return fd;
	if (is_last_name(&st)) {
		err = lma_get_fid(mdt, fd, &fid);
		if (!err)
			err = sys_renameat2(dirfd, name, mdt->pending_fd, fid_name(fid, pending),
					    RENAME_NOREPLACE);
		if (err == -EEXIST)
			err = fail(-EUCLEAN, "'%s': another file with FID %s is pending", name,
				   pending);
	} else {
		err = sys_unlinkat(dirfd, name, 0);
	}
	if (!err)
		*ret_orphan = fid;
	return err;
}

/* A whiteout is a new inode: it belongs to the caller. */
static int rename_plainly(const struct mdt *mdt, const struct mdt_renaming *r)
{
	bool makes = r->flags & RENAME_WHITEOUT;
	struct creator_saved saved;
	int err = makes ? creator_enter(r->creator, mdt->privileged, &saved) : 0;

	if (err)
		return err;
	err = sys_renameat2(r->old_dirfd, r->old_name, r->dirfd, r->name, r->flags);
	if (makes)
		creator_leave(&saved);
	return err;
}

/* Renames over a regular file that has no other name: it goes through PENDING, so that its objects
 * are never lost sight of. */
static int rename_over_last(struct mdt *mdt, int target_fd, const struct mdt_renaming *r,
			    struct fid *ret_orphan)
{
	char pending[FID_NAME_MAX], path[FD_PATH_MAX];
	struct fid fid;
	int err = lma_get_fid(mdt, target_fd, &fid), undo;

	if (err)
		return err;
	fid_name(fid, pending);
	err = sys_linkat(AT_FDCWD, fd_path(target_fd, path), mdt->pending_fd, pending,
			 AT_SYMLINK_FOLLOW);
	if (err == -EEXIST)
		return fail(-EUCLEAN, "'%s': another file with FID %s is pending", r->name,
			    pending);
	if (err)
		return err;
	err = rename_plainly(mdt, r);
	if (!err) {
		*ret_orphan = fid;
		return 0;
	}
	undo = sys_unlinkat(mdt->pending_fd, pending, 0);
	if (undo)
		log_warning("%s stays in PENDING until the volume is opened next: %s", pending,
			    strerrordesc_np(-undo));
	return err;
}

/* An empty directory that is replaced may have a layout file beside. */
static int rename_over_dir(struct mdt *mdt, int target_fd, const struct mdt_renaming *r)
{
	struct layout_beside beside;
	int err;

	layout_ea_beside(mdt, target_fd, &beside);
	err = rename_plainly(mdt, r);
	if (!err)
		layout_ea_forget(mdt, &beside);
	return err;
}

static int rename_over(struct mdt *mdt, int target_fd, const struct stat *target,
		       const struct mdt_renaming *r, struct fid *ret_orphan)
{
	struct stat st;
	int err = sys_fstatat(r->old_dirfd, r->old_name, &st, AT_SYMLINK_NOFOLLOW);

	if (err)
		return err;
	/* One inode under both names: rename(2) does nothing, and nothing is replaced. */
	if (st.st_dev == target->st_dev && st.st_ino == target->st_ino)
		return rename_plainly(mdt, r);
	if (is_last_name(target) && !S_ISDIR(st.st_mode))
		return rename_over_last(mdt, target_fd, r, ret_orphan);
	if (S_ISDIR(target->st_mode))
		return rename_over_dir(mdt, target_fd, r);
	return rename_plainly(mdt, r);
}

/* Whether something under the new name would be replaced. */
static bool replaces(unsigned int flags)
{
	return !(flags & (RENAME_NOREPLACE | RENAME_EXCHANGE));
}

static int check_flags(unsigned int flags)
{
	if (flags & ~(unsigned int)(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT) ||
	    (flags & RENAME_EXCHANGE && flags != RENAME_EXCHANGE))
		return fail(-EINVAL, "rename with flags 0x%x", flags);
	return 0;
}

int mdt_names_rename(struct mdt *mdt, const struct mdt_renaming *r, struct fid *ret_orphan)
{
	CLEANUP_FD int target_fd = -1;
	struct fid orphan = { 0 };
	struct stat target;
	int err = mdt_names_check(r->old_name);

	if (!err)
		err = mdt_names_check(r->name);
	if (!err)
		err = check_flags(r->flags);
	if (err)
		return err;
	if (replaces(r->flags))
		target_fd = open_name(r->dirfd, r->name, &target);
	if (target_fd >= 0)
		err = rename_over(mdt, target_fd, &target, r, &orphan);
	else if (replaces(r->flags) && target_fd != -ENOENT)
		err = target_fd;
	else
		err = rename_plainly(mdt, r);
	if (!err)
		*ret_orphan = orphan;
	return err;
}
