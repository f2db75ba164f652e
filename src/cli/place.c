/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/place.h"

#include "base/error.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>

int place_fs_get(struct place_fs *keeper, const char *path, struct fs **ret_fs)
{
	struct stat st;
	int err;

	if (!keeper->fs || sys_fstatat(AT_FDCWD, path, &st, 0) || st.st_dev != keeper->fs->dev) {
		place_fs_release(keeper);
		err = fs_open(path, &keeper->fs);
		if (err)
			return err;
	}
	*ret_fs = keeper->fs;
	return 0;
}

void place_fs_release(struct place_fs *keeper)
{
	fs_free(keeper->fs);
	keeper->fs = NULL;
}

int place_open(struct place_fs *keeper, const char *path, struct place *ret_place)
{
	struct place p = { .fd = -1 };
	int err = sys_fstatat(AT_FDCWD, path, &p.st, 0);

	if (err == -ENOTCONN)
		return fail(err,
			    "the daemon of its file system is gone: unmount it and mount it again");
	if (err)
		return fail_sys(err, "cannot open it");
	if (!S_ISREG(p.st.st_mode) && !S_ISDIR(p.st.st_mode))
		return fail(-EINVAL, "is neither a regular file nor a directory");
	err = place_fs_get(keeper, path, &p.fs);
	if (err)
		return err;
	p.fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (p.fd < 0)
		return fail_sys(p.fd, "cannot open it");
	*ret_place = p;
	return 0;
}

void place_close(struct place *place)
{
	fd_cleanup(&place->fd);
}
