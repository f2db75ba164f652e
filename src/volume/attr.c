/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attributes: the MDT inode's, and the size that the objects have. */
#include "base/error.h"
#include "base/log.h"
#include "base/sys.h"
#include "mdt/user_xattr.h"
#include "volume/volume_impl.h"

#include <errno.h>
#include <fcntl.h>

/* What programs should read and write at a time: one request of the mount. cp takes it for its buffer. */
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

	inode_access_settle(inode);
	asked = saved_attr_ask(inode, &attr);
	pthread_mutex_lock(&inode->lock);
	err = stat_file_locked(inode, &attr, ret_st, &doubt);
	pthread_mutex_unlock(&inode->lock);
	if (err)
		return err;
	inode_access_look(inode, ret_st);
	if (doubt) /* why takes the file's own lock, which comes first */
		doubt = saved_attr_size_unknown(inode);
	*ret_doubt = asked ? asked : doubt;
	return 0;
}

static int get_attr(struct inode *inode, struct stat *ret_st, int *ret_doubt)
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

int inode_getattr_of_name(struct inode *inode, struct stat *ret_st, int *ret_doubt)
{
	return inode_is_hidden(inode) ? hidden_getattr(inode, ret_st, ret_doubt)
				      : get_attr(inode, ret_st, ret_doubt);
}

int inode_getattr(struct inode *inode, struct stat *ret_st)
{
	struct stat st;
	int doubt, err = inode_getattr_of_name(inode, &st, &doubt);

	if (!err)
		err = doubt;
	if (!err)
		*ret_st = st;
	return err;
}

/* A file that grows may need objects first; what is behind its new end changes in all of its mirrors. */
int inode_truncate_objects(struct inode *inode, uint32_t mirror_id, uint64_t size_bytes)
{
	uint64_t last = size_bytes ? size_bytes - 1 : 0;
	struct stale_marks marks = { 0 };
	bool done = false;
	struct file *f;
	int err = inode_get_file(inode, &f);

	while (!err && !done) {
		err = file_truncate(f, mirror_id, size_bytes);
		if (err == FILE_NOT_STALE)
			err = mirrors_make_stale(inode, last, LAYOUT_EOF, &marks);
		else if (err == FILE_NOT_INSTANTIATED)
			err = instantiate_range(inode, mirror_id, last, last + 1, NULL);
		else if ((err == -EIO || err == -EROFS) && mirrors_fail_over(inode, &marks, err))
			err = 0;
		else
			done = true;
	}
	stale_marks_release(&marks);
	return err;
}

int inode_truncate(struct inode *inode, uint64_t size_bytes)
{
	struct saved_result result = { 0 };
	uint64_t before;
	struct file *f;
	int err = inode_get_file(inode, &f);

	if (!err)
		err = saved_attr_begin(inode, SAVED_DATA);
	if (err)
		return err;
	before = file_changes(f);
	err = inode_truncate_objects(inode, FILE_WHOLE, size_bytes);
	result.changed = !err || file_changes(f) != before;
	result.size_unclear = err && result.changed;
	if (!err) {
		result.sets_size = true;
		result.size_bytes = size_bytes;
	}
	saved_attr_end(inode, &result);
	return err;
}

static int set_times(struct inode *inode, const struct timespec times[2])
{
	if (times[0].tv_nsec == UTIME_OMIT && times[1].tv_nsec == UTIME_OMIT)
		return 0;
	return inode_is_regular(inode) ? saved_attr_set_times(inode, times)
				       : sys_utimens_fd(inode->fd, times);
}

/* As an open file, so that it isn't destroyed meanwhile: a path may have led to a file that has lost
 * its name since (or /proc/self/fd to one that isn't open). */
static int set_size(struct inode *inode, uint64_t size_bytes)
{
	struct handle *h;
	int err;

	if (!inode_is_regular(inode))
		return -EISDIR;
	if (group_lock_holds_back(inode, NULL))
		return HANDLE_PARK;
	err = handle_open(inode, O_WRONLY, &h); /* breaks leases */
	if (err)
		return err;
	err = inode_truncate(inode, size_bytes);
	handle_release(h);
	return err;
}

int inode_setattr(struct inode *inode, const struct inode_setattr *a)
{
	int err = 0;

	if (inode_is_hidden(inode))
		return -EPERM;
	/* Size first: it may be held back, and then nothing must have been done. Owner before mode:
	 * it clears set-id bits. */
	if (a->set_size)
		err = set_size(inode, a->size_bytes);
	if (!err && (a->set_uid || a->set_gid))
		err = sys_chown_fd(inode->fd, a->set_uid ? a->uid : (uid_t)-1,
				   a->set_gid ? a->gid : (gid_t)-1);
	if (!err && a->set_mode)
		err = mdt_chmod(inode->vol->mdt, inode->fd, a->mode);
	if (!err)
		err = set_times(inode, a->times);
	return err;
}

int inode_check_owner(struct inode *inode, uid_t uid)
{
	struct stat st;
	int err = sys_fstat(inode->fd, &st);

	if (err)
		return err;
	return uid == 0 || uid == st.st_uid
		       ? 0
		       : fail(-EPERM, "the file belongs to user %u", st.st_uid);
}

bool inode_xattr_reserved(const struct inode *inode, const char *name)
{
	return user_xattr_reserved(name, inode->vol->conf.privileged);
}

size_t inode_xattr_filter(const struct inode *inode, char *list, size_t len_bytes)
{
	return user_xattr_filter(list, len_bytes, inode->vol->conf.privileged);
}
