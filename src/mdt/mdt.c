/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdt/mdt.h"

#include "base/error.h"
#include "base/sys.h"
#include "mdt/mdt_impl.h"
#include "mdt/numbers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

static int open_part(int dirfd, const char *name, int flags, int *ret_fd)
{
	int fd = sys_openat(dirfd, name, flags | O_DIRECTORY | O_NOFOLLOW, 0);

	if (fd < 0)
		return fail_sys(fd, "%s", name);
	*ret_fd = fd;
	return 0;
}

/* Volumes that were made before there were mirrors have none. */
static int open_dirty(struct mdt *mdt)
{
	int err = sys_mkdirat(mdt->dirfd, MDT_DIRTY_DIR, 0700);

	if (!err)
		err = sys_fsync(mdt->dirfd);
	if (err && err != -EEXIST)
		return fail_sys(err, "make %s", MDT_DIRTY_DIR);
	return open_part(mdt->dirfd, MDT_DIRTY_DIR, O_RDONLY, &mdt->dirty_fd);
}

static int open_parts(struct mdt *mdt, const char *path)
{
	struct stat st;
	int err = 0;

	mdt->dirfd = sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	if (mdt->dirfd < 0)
		return fail_sys(mdt->dirfd, "open directory");
	if (!err)
		err = open_part(mdt->dirfd, MDT_ROOT_DIR, O_PATH, &mdt->root_fd);
	if (!err)
		err = open_part(mdt->dirfd, MDT_PENDING_DIR, O_RDONLY, &mdt->pending_fd);
	if (!err)
		err = open_part(mdt->dirfd, MDT_LAYOUT_DIR, O_RDONLY, &mdt->layout_fd);
	if (!err)
		err = open_dirty(mdt);
	if (!err)
		err = idfile_init(&mdt->fids, mdt->dirfd, MDT_LAST_FID);
	if (!err)
		err = sys_fstat(mdt->root_fd, &st);
	if (err)
		return err;
	mdt->device = st.st_dev;
	mdt->root_number = st.st_ino;
	return numbers_init(mdt);
}

int mdt_open(const char *path, bool privileged, struct mdt **ret_mdt)
{
	struct mdt *mdt = calloc(1, sizeof(*mdt));
	char cause[ERROR_TEXT_MAX];
	int err;

	if (!mdt)
		return fail(-ENOMEM, "MDT %s: no memory", path);
	mdt->dirfd = mdt->root_fd = mdt->pending_fd = mdt->layout_fd = mdt->dirty_fd = -1;
	mdt->privileged = privileged;
	pthread_mutex_init(&mdt->mode_lock, NULL);
	err = open_parts(mdt, path);
	if (err) {
		snprintf(cause, sizeof(cause), "%s", error_text(err));
		mdt_free(mdt);
		return fail(err, "MDT %s: %s", path, cause);
	}
	*ret_mdt = mdt;
	return 0;
}

void mdt_free(struct mdt *mdt)
{
	if (!mdt)
		return;
	idfile_release(&mdt->fids);
	fd_cleanup(&mdt->dirty_fd);
	fd_cleanup(&mdt->layout_fd);
	fd_cleanup(&mdt->pending_fd);
	fd_cleanup(&mdt->root_fd);
	fd_cleanup(&mdt->dirfd);
	pthread_mutex_destroy(&mdt->mode_lock);
	free(mdt);
}

int mdt_dirfd(const struct mdt *mdt)
{
	return mdt->dirfd;
}

int mdt_root_fd(const struct mdt *mdt)
{
	return mdt->root_fd;
}

int mdt_pending_fd(const struct mdt *mdt)
{
	return mdt->pending_fd;
}

int mdt_sync(struct mdt *mdt)
{
	return sys_syncfs(mdt->dirfd);
}

/*
 * fsync(2) wants a descriptor that is open for reading. Where the mode forbids that to the daemon
 * of an unprivileged volume, and for what isn't opened lightly (device nodes), the whole file
 * system is synced.
 */
int mdt_fsync(struct mdt *mdt, int fd)
{
	CLEANUP_FD int open_fd = -1;
	struct stat st;
	int err = sys_fstat(fd, &st);

	if (err)
		return err;
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return mdt_sync(mdt);
	open_fd = sys_reopen(fd, O_RDONLY);
	if (open_fd == -EACCES)
		return mdt_sync(mdt);
	return open_fd < 0 ? open_fd : sys_fsync(open_fd);
}
