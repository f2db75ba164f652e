/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fs/fs.h"

#include "base/error.h"
#include "base/sys.h"
#include "fs/fs_lovfs.h"
#include "fs/fs_lustre.h"
#include "fs/fs_lustre_ops.h"
#include "fs/mountpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC_FUSE 0x65735546

/* What fs_open() gives out is the first member. */
struct opened {
	struct fs fs;
	pthread_mutex_t lock;
	/* guarded by lock until limits_known, then constant */
	bool limits_known;
	struct layout_limits limits;
	struct fs_pool *pools; /* owned; fs.pool_count of them */
};

static struct opened *opened_of(struct fs *fs)
{
	return (struct opened *)((char *)fs - offsetof(struct opened, fs));
}

/* ---- what a path is on ---- */

/* The directory part of `path` ("." where there is none). */
static int parent_of(const char *path, char *buf, size_t size)
{
	size_t len = strlen(path);
	const char *slash;

	while (len > 1 && path[len - 1] == '/')
		len--;
	slash = memrchr(path, '/', len);
	if (!slash) {
		path = ".";
		len = 1;
	} else {
		len = slash == path ? 1 : (size_t)(slash - path);
	}
	if (len >= size)
		return -ENAMETOOLONG;
	memcpy(buf, path, len);
	buf[len] = '\0';
	return 0;
}

/* O_PATH of what the path names, or of the directory that it would be in. */
static int reach(const char *path, int *ret_fd)
{
	char parent[PATH_MAX];
	int fd = sys_openat(AT_FDCWD, path, O_PATH, 0);
	int err;

	if (fd == -ENOENT) {
		err = parent_of(path, parent, sizeof(parent));
		if (err)
			return fail_sys(err, "cannot reach it");
		fd = sys_openat(AT_FDCWD, parent, O_PATH | O_DIRECTORY, 0);
	}
	if (fd == -ENOTCONN)
		return fail(fd,
			    "the daemon of its file system is gone: unmount it and mount it again");
	if (fd < 0)
		return fail_sys(fd, "cannot reach it");
	*ret_fd = fd;
	return 0;
}

/* A directory of the mount to ask: its top, or where that can't be reached the one that the path
 * names or is in. */
static int open_root(struct fs *fs, const char *path, int at_fd, int *ret_fd)
{
	char parent[PATH_MAX];
	int fd;

	if (!mountpoint_open(fs->dev, fs->mount_point, sizeof(fs->mount_point), ret_fd))
		return 0;
	fs->mount_point[0] = '\0';
	fd = sys_reopen(at_fd, O_RDONLY | O_DIRECTORY);
	if (fd < 0 && !parent_of(path, parent, sizeof(parent)))
		fd = sys_openat(AT_FDCWD, parent, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return fail_sys(fd, "cannot open a directory of its file system");
	*ret_fd = fd;
	return 0;
}

static int not_ours(void)
{
	return fail(-EOPNOTSUPP, "is neither on a lovfs volume nor on Lustre");
}

static int recognise(struct opened *o, const char *path)
{
	CLEANUP_FD int at_fd = -1, root_fd = -1;
	struct statfs sfs;
	mode_t type;
	int err = reach(path, &at_fd);

	if (err)
		return err;
	err = sys_fstatfs(at_fd, &sfs);
	if (!err)
		err = sys_stat_kind(at_fd, "", &type, &o->fs.dev, AT_EMPTY_PATH);
	if (err)
		return fail_sys(err, "cannot ask its file system");
	if (sfs.f_type != MAGIC_FUSE && sfs.f_type != FS_LUSTRE_MAGIC)
		return not_ours();
	err = open_root(&o->fs, path, at_fd, &root_fd);
	if (!err)
		err = sfs.f_type == FS_LUSTRE_MAGIC ? fs_lustre_ops_init(&o->fs)
						    : fs_lovfs_init(&o->fs, root_fd);
	if (err == -ENOTTY)
		return not_ours();
	if (!err)
		o->fs.root_fd = fd_steal(&root_fd);
	return err;
}

int fs_open(const char *path, struct fs **ret_fs)
{
	struct opened *o = calloc(1, sizeof(*o));
	int err;

	if (!o)
		return -ENOMEM;
	o->fs.root_fd = -1;
	pthread_mutex_init(&o->lock, NULL);
	err = recognise(o, path);
	if (err) {
		fs_free(&o->fs);
		return err;
	}
	*ret_fs = &o->fs;
	return 0;
}

void fs_free(struct fs *fs)
{
	struct opened *o;

	if (!fs)
		return;
	o = opened_of(fs);
	if (fs->ops && fs->ops->release)
		fs->ops->release(fs);
	fd_cleanup(&fs->root_fd);
	pthread_mutex_destroy(&o->lock);
	free(o->pools);
	free(o);
}

/* ---- limits ---- */

static const struct fs_pool *find_pool(const struct opened *o, const char *name)
{
	for (uint32_t i = 0; i < o->fs.pool_count; i++) {
		if (strcmp(o->pools[i].name, name) == 0)
			return &o->pools[i];
	}
	return NULL;
}

static uint32_t limit_pool_size(const char *name, void *cookie)
{
	const struct fs_pool *pool = find_pool(cookie, name);

	return pool ? pool->member_count : 0;
}

static bool limit_pool_has(const char *name, uint32_t ost_idx, void *cookie)
{
	const struct fs_pool *pool = find_pool(cookie, name);

	for (uint32_t i = 0; pool && i < pool->member_count; i++) {
		if (pool->members[i] == ost_idx)
			return true;
	}
	return false;
}

static int learn_limits_locked(struct opened *o)
{
	struct fs *fs = &o->fs;
	CLEANUP_FREE struct fs_pool *pools = calloc(fs->pool_count + 1, sizeof(*pools));

	if (!pools)
		return -ENOMEM;
	for (uint32_t i = 0; i < fs->pool_count; i++) {
		int err = fs->ops->pool(fs, i, &pools[i]);

		if (err)
			return err;
	}
	o->pools = PTR_STEAL(pools);
	o->limits = (struct layout_limits){ .ost_count = fs->ost_count,
					    .cookie = o,
					    .special_components = fs->special_components };
	if (fs->pools_known) {
		o->limits.pool_size = limit_pool_size;
		o->limits.pool_has = limit_pool_has;
	}
	o->limits_known = true;
	return 0;
}

int fs_limits(struct fs *fs, const struct layout_limits **ret_limits)
{
	struct opened *o = opened_of(fs);
	int err = 0;

	pthread_mutex_lock(&o->lock);
	if (!o->limits_known)
		err = learn_limits_locked(o);
	pthread_mutex_unlock(&o->lock);
	if (!err)
		*ret_limits = &o->limits;
	return err;
}
