/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lovfsd/durable.h"

#include "base/sys.h"
#include "inode/inode.h"
#include "volume/handle.h"

#include <fcntl.h>
#include <sys/stat.h>

/* Of other kinds the directory has all there is. */
static bool is_file_or_dir(struct inode *inode)
{
	struct stat st;

	return inode_fd(inode) >= 0 && sys_fstat(inode_fd(inode), &st) == 0 &&
	       (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));
}

int durable_name(const struct session *s, struct inode *dir, struct inode *inode)
{
	int err = 0;

	if (!s->sync && !s->dirsync)
		return 0;
	/* First what the name leads to. */
	if (inode && is_file_or_dir(inode))
		err = inode_fsync(inode);
	return err ? err : inode_fsync(dir);
}

int durable_inode(const struct session *s, struct inode *inode, bool with_data)
{
	struct handle *h;
	int err;

	if (!s->sync || inode_is_hidden(inode) || !is_file_or_dir(inode))
		return 0;
	if (!with_data)
		return inode_fsync(inode);
	err = handle_open(inode, O_RDONLY, &h);
	if (err)
		return err;
	err = handle_fsync(h, false);
	handle_release(h);
	return err;
}

int durable_data(const struct session *s, struct handle *h, int flags)
{
	bool data_only = (flags & O_SYNC) != O_SYNC;

	return s->sync || (flags & O_DSYNC) ? handle_fsync(h, data_only && !s->sync) : 0;
}
