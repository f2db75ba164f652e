/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume/stat.h"

#include "base/sys.h"
#include "inode/access_time.h"
#include "inode/inode.h"
#include "inode/inode_state.h"
#include "inode/saved_attr.h"

/* What programs should read and write at a time: one request of the mount. cp takes it for its
 * buffer. */
#define PREFERRED_IO_BYTES (1 << 20)

/* Without the links that users don't know of: the place in PENDING, and that of a swap's intent. */
static void hide_links_locked(const struct inode *inode, struct stat *st)
{
	if (inode->swap_nlink)
		st->st_nlink = inode->swap_nlink;
	st->st_nlink -= MIN_OF((nlink_t)inode->orphan, st->st_nlink);
}

/* One look at the MDT inode and at what it doesn't know yet. */
static int stat_file_locked(struct inode *inode, const struct file_attr *attr, struct stat *ret_st,
			    int *ret_doubt)
{
	int err = sys_fstat(inode->fd, ret_st);

	if (err)
		return err;
	hide_links_locked(inode, ret_st);
	ret_st->st_blksize = PREFERRED_IO_BYTES;
	*ret_doubt = saved_attr_add_locked(inode, attr, ret_st);
	return 0;
}

static int stat_file(struct inode *inode, struct stat *ret_st, int *ret_doubt)
{
	struct file_attr attr;
	int doubt, asked, err;

	access_time_settle(inode);
	asked = saved_attr_ask(inode, &attr);
	pthread_mutex_lock(&inode->lock);
	err = stat_file_locked(inode, &attr, ret_st, &doubt);
	pthread_mutex_unlock(&inode->lock);
	if (err)
		return err;
	access_time_look(inode, ret_st);
	if (doubt) /* why takes the file's own lock, which comes first */
		doubt = saved_attr_size_unknown(inode);
	*ret_doubt = asked ? asked : doubt;
	return 0;
}

int stat_inode(struct inode *inode, struct stat *ret_st, int *ret_doubt)
{
	struct stat st;
	int doubt = 0;
	int err =
		inode_is_regular(inode) ? stat_file(inode, &st, &doubt) : sys_fstat(inode->fd, &st);

	if (err)
		return err;
	*ret_doubt = doubt;
	*ret_st = st;
	return 0;
}
