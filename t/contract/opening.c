/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fs_open(), what a struct fs says of the mount, and what of the operations is there. */
#include "cases.h"
#include "contract.h"

#include <string.h>
#include <unistd.h>

static void check_opened(struct contract *c, const char *path)
{
	struct stat st;
	struct fs *fs;

	DONE(fs_open(path, &fs));
	CHECK(strcmp(fs->ops->name, c->name) == 0);
	CHECK(strcmp(fs->mount_point, c->mount) == 0 && strcmp(fs->fsname, c->fsname) == 0);
	CHECK(sys_fstat(c->dir_fd, &st) == 0 && fs->dev == st.st_dev);
	CHECK(sys_fstat(fs->root_fd, &st) == 0 && S_ISDIR(st.st_mode) && fs->dev == st.st_dev);
	fs_free(fs);
}

void case_open(struct contract *c)
{
	make_file(c, "f", LAYOUT("c1"), 1);
	check_opened(c, "f");
	check_opened(c, ".");
	check_opened(c, c->mount);
	check_opened(c, "missing");
	check_opened(c, "missing/");
	fs_free(NULL);
}

void case_open_foreign(struct contract *c UNUSED)
{
	struct fs *fs;

	WANT(fs_open("/proc", &fs), -EOPNOTSUPP);
	WANT(fs_open("/proc/missing", &fs), -EOPNOTSUPP);
	WANT(fs_open("missing/missing", &fs), -ENOENT);
}

void case_limits(struct contract *c)
{
	CLEANUP_LAYOUT struct layout *good = LAYOUT("c1"), *bad = LAYOUT("o60000");
	const struct layout_limits *limits, *again;

	DONE(fs_limits(c->fs, &limits));
	DONE(fs_limits(c->fs, &again));
	CHECK(limits == again && limits->ost_count == c->fs->ost_count);
	CHECK(c->fs->pools_known == (limits->pool_size != NULL));
	CHECK(c->fs->pools_known == (limits->pool_has != NULL));
	CHECK(c->fs->pools_known || c->fs->pool_count == 0);
	DONE(layout_check_request(good, limits));
	if (c->fs->ost_count)
		CHECK(layout_check_request(bad, limits) < 0);
}

/* What the file system can't do is NULL as a whole, and the other way is there then. */
void case_ways(struct contract *c)
{
	const struct fs_ops *ops = c->ops;
	bool follows = fs_can_follow(c->fs);

	CHECK(follows == (ops->follow_next != NULL) && follows == (ops->follow_copied != NULL));
	CHECK(follows == (ops->follow_end != NULL) && follows == (ops->mirrors_synced != NULL));
	CHECK(follows == !ops->resync_begin && follows == !ops->mirror_bind &&
	      follows == !ops->resync_done);
	CHECK(c->fs->merge_max >= 1 && c->fs->copy_threads >= 1);
	CHECK(c->fs->data_flags == 0 || c->fs->data_flags == O_DIRECT);
	CHECK(c->fs->copying == FS_COPYING_RANGE || c->fs->copying == FS_COPYING_STREAMS);
}
