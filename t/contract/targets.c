/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OSTs, pools, and what is counted. */
#include "cases.h"
#include "contract.h"

#include <string.h>
#include <unistd.h>

static void check_target(struct contract *c, uint32_t index)
{
	struct fs_target t;

	DONE(c->ops->target(c->fs, index, &t));
	CHECK(t.index == index && t.path[0] && t.inactive == (t.why[0] != '\0'));
	CHECK(t.inactive || t.total_bytes > 0);
	CHECK(t.avail_bytes <= t.total_bytes && t.free_bytes <= t.total_bytes);
}

/* Where the count isn't known the OSTs may not be either. */
void case_targets(struct contract *c)
{
	struct fs_target t;

	for (uint32_t i = 0; i < c->fs->ost_count; i++)
		check_target(c, i);
	if (c->fs->ost_count)
		check_target(c, FS_TARGET_MDT);
	WANT(c->ops->target(c->fs, MAX_OF(c->fs->ost_count, 4u), &t), -ENODEV);
	WANT(c->ops->target(c->fs, 60000, &t), -ENODEV);
}

void case_pools(struct contract *c)
{
	CLEANUP_FREE struct fs_pool *pool = calloc(1, sizeof(*pool));

	CHECK(pool);
	for (uint32_t i = 0; i < c->fs->pool_count; i++) {
		DONE(c->ops->pool(c->fs, i, pool));
		CHECK(pool->name[0] && pool->member_count > 0);
		for (uint32_t k = 0; c->fs->ost_count && k < pool->member_count; k++)
			CHECK(pool->members[k] < c->fs->ost_count);
	}
	WANT(c->ops->pool(c->fs, c->fs->pool_count, pool), -ENODEV);
	WANT(c->ops->pool(c->fs, 60000, pool), -ENODEV);
}

static void check_moved(struct contract *c, int fd)
{
	struct fs_moved m = { 0 };

	EITHER(c->ops->moved(c->fs, fd, &m), 0, -EOPNOTSUPP);
	CHECK(m.direct_bytes <= m.user_bytes);
}

void case_moved(struct contract *c)
{
	struct fs_choice choice;
	CLEANUP_FD int fd = -1;
	uint32_t position = 0;
	int err = 0;

	make_file(c, "f", LAYOUT("c1"), 1);
	fd = open_rw(c, "f");
	check_moved(c, fd);
	check_moved(c, c->dir_fd);
	while (c->ops->choice && !err)
		err = EITHER(c->ops->choice(c->fs, position++, &choice), 0, -ENODEV);
}
