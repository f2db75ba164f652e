/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inode/access_time.h"

#include "base/sys.h"
#include "base/units.h"
#include "inode/inode_state.h"
#include "inode/saved_attr.h"
#include "inode/volume_state.h"
#include "mdt/mdt.h"

#include <fcntl.h>
#include <sys/statvfs.h>

/* relatime: a time that is as old is set anew whatever the others are. */
#define OLD_S (24 * 3600)

static int64_t now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME_COARSE, &t);
	return t.tv_sec;
}

enum access_rule access_time_rule_of(struct mdt *mdt)
{
	struct statvfs st;

	if (sys_fstatvfs(mdt_dirfd(mdt), &st))
		return ACCESS_RELATIVE;
	if (st.f_flag & ST_NOATIME)
		return ACCESS_NEVER;
	return st.f_flag & ST_RELATIME ? ACCESS_RELATIVE : ACCESS_ALWAYS;
}

static bool is_earlier_or_same(struct timespec a, struct timespec b)
{
	return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec <= b.tv_nsec;
}

void access_time_look(struct inode *inode, const struct stat *st)
{
	bool due = is_earlier_or_same(st->st_atim, st->st_mtim) ||
		   is_earlier_or_same(st->st_atim, st->st_ctim);

	atomic_store(&inode->access.fresh_until_s, due ? INT64_MIN : st->st_atim.tv_sec + OLD_S);
}

/* Without the right to read the file (on a user's volume) there is nothing to be done. */
static void touch(struct inode *inode)
{
	CLEANUP_FD int fd = -1;
	char byte;

	saved_attr_flush_mtime(inode); /* which the rule compares with */
	fd = sys_reopen(inode->fd, O_RDONLY | O_NOCTTY | O_NONBLOCK);
	if (fd >= 0)
		(void)!sys_pread(fd, &byte, 1, 0);
}

void access_time_read(struct inode *inode)
{
	struct access_time *a = &inode->access;
	int64_t now = now_s();

	if (inode->vol->access_rule == ACCESS_NEVER)
		return;
	if (inode->vol->access_rule == ACCESS_RELATIVE && now < atomic_load(&a->fresh_until_s))
		return;
	if (atomic_exchange(&a->touched_s, now) == now) {
		atomic_store(&a->pending, true);
		return;
	}
	atomic_store(&a->fresh_until_s, now + OLD_S);
	touch(inode);
}

void access_time_settle(struct inode *inode)
{
	if (atomic_load(&inode->access.pending) && atomic_exchange(&inode->access.pending, false))
		touch(inode);
}

void access_time_set_rule(struct volume *vol, bool never)
{
	if (never)
		vol->access_rule = ACCESS_NEVER;
}
