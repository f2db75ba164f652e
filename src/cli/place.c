/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/place.h"

#include "base/error.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct place_known {
	struct place_known *next;
	struct fs *fs; /* owned */
};

static struct fs *find_locked(const struct place_fs *keeper, dev_t dev)
{
	for (const struct place_known *k = keeper->known; k; k = k->next) {
		if (k->fs->dev == dev)
			return k->fs;
	}
	return NULL;
}

/* Keeps a file system that was opened, unless it turns out to be known: that of a path that doesn't exist. */
static int keep_locked(struct place_fs *keeper, struct fs *fs, struct fs **ret_fs)
{
	struct fs *known = find_locked(keeper, fs->dev);
	struct place_known *k = known ? NULL : calloc(1, sizeof(*k));

	if (!k)
		fs_free(fs);
	if (!k && !known)
		return -ENOMEM;
	if (k) {
		*k = (struct place_known){ .next = keeper->known, .fs = fs };
		keeper->known = k;
	}
	*ret_fs = known ? known : fs;
	return 0;
}

/* The first of several threads opens it, the others wait for that. */
static int open_locked(struct place_fs *keeper, const char *path, struct fs **ret_fs)
{
	struct fs *fs;
	int err = fs_open(path, &fs);

	return err ? err : keep_locked(keeper, fs, ret_fs);
}

int place_fs_stat(struct place_fs *keeper, const char *path, struct fs **ret_fs,
		  struct stat *ret_st)
{
	bool exists = sys_fstatat(AT_FDCWD, path, ret_st, 0) == 0;
	struct fs *fs;
	int err = 0;

	if (!exists)
		memset(ret_st, 0, sizeof(*ret_st));
	pthread_mutex_lock(&keeper->lock);
	fs = exists ? find_locked(keeper, ret_st->st_dev) : NULL;
	if (!fs)
		err = open_locked(keeper, path, &fs);
	pthread_mutex_unlock(&keeper->lock);
	if (!err)
		*ret_fs = fs;
	return err;
}

int place_fs_get(struct place_fs *keeper, const char *path, struct fs **ret_fs)
{
	struct stat st;

	return place_fs_stat(keeper, path, ret_fs, &st);
}

void place_fs_each(struct place_fs *keeper, void (*look)(struct fs *fs))
{
	for (const struct place_known *k = keeper->known; k; k = k->next)
		look(k->fs);
}

void place_fs_release(struct place_fs *keeper)
{
	while (keeper->known) {
		struct place_known *k = keeper->known;

		keeper->known = k->next;
		fs_free(k->fs);
		free(k);
	}
}

int place_open(struct place_fs *keeper, const char *path, struct place *ret_place)
{
	struct place p = { .fd = -1 };
	dev_t dev;
	int err = sys_stat_kind(AT_FDCWD, path, &p.type, &dev, 0);

	if (err == -ENOTCONN)
		return fail(err,
			    "the daemon of its file system is gone: unmount it and mount it again");
	if (err)
		return fail_sys(err, "cannot open it");
	if (!S_ISREG(p.type) && !S_ISDIR(p.type))
		return fail(-EINVAL, "is neither a regular file nor a directory");
	err = place_fs_get(keeper, path, &p.fs);
	if (err)
		return err;
	p.fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	/* Its size isn't known: it can still be looked at. */
	if (p.fd == -EIO)
		p.fd = sys_openat(AT_FDCWD, path, O_PATH, 0);
	if (p.fd < 0)
		return fail_sys(p.fd, "cannot open it");
	*ret_place = p;
	return 0;
}

void place_close(struct place *place)
{
	fd_cleanup(&place->fd);
}
