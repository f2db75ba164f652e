/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attributes: the MDT inode's and the objects' together. */
#include "base/error.h"
#include "base/log.h"
#include "base/sys.h"
#include "mdt/som.h"
#include "mdt/user_xattr.h"
#include "volume/volume_impl.h"

#include <errno.h>
#include <fcntl.h>

/* What programs should read and write at a time: one request of the mount. cp takes it for its buffer. */
#define PREFERRED_IO_BYTES (1 << 20)

static struct timespec later(struct timespec a, struct timespec b)
{
	if (a.tv_sec != b.tv_sec)
		return a.tv_sec > b.tv_sec ? a : b;
	return a.tv_nsec > b.tv_nsec ? a : b;
}

/* What an OST that can't be asked would have said: the size at the last close, if that is more. False:
 * none was saved. */
static bool add_saved_size(struct inode *inode, struct file_attr *attr)
{
	struct som som;

	if (som_get(inode->vol->mdt, inode->fd, &som))
		return false;
	attr->size_bytes = MAX_OF(attr->size_bytes, som.size_bytes);
	attr->blocks = MAX_OF(attr->blocks, som.blocks);
	return true;
}

static int add_objects(struct inode *inode, struct stat *st)
{
	struct file_attr attr;
	struct file *f;
	int err = inode_get_file(inode, &f);

	if (!err)
		err = file_stat(f, FILE_WHOLE, &attr);
	if (err)
		return err;
	inode->size_unknown = !attr.complete && !add_saved_size(inode, &attr);
	st->st_size = (off_t)attr.size_bytes;
	st->st_blocks = (blkcnt_t)attr.blocks;
	st->st_atim = later(st->st_atim, attr.atime);
	st->st_mtim = later(st->st_mtim, attr.mtime);
	st->st_ctim = later(st->st_ctim, attr.ctime);
	return 0;
}

/* Without the links that users don't know of: the place in PENDING, and that of a swap's intent. */
static int stat_mdt_inode(struct inode *inode, struct stat *ret_st)
{
	int err;

	pthread_mutex_lock(&inode->lock);
	err = sys_fstat(inode->fd, ret_st);
	if (!err && inode_is_regular(inode)) {
		if (inode->swap_nlink)
			ret_st->st_nlink = inode->swap_nlink;
		ret_st->st_nlink -= MIN_OF((nlink_t)inode->orphan, ret_st->st_nlink);
	}
	pthread_mutex_unlock(&inode->lock);
	return err;
}

int inode_getattr(struct inode *inode, struct stat *ret_st)
{
	struct stat st;
	int err;

	if (inode_is_hidden(inode))
		return hidden_getattr(inode, ret_st);
	err = stat_mdt_inode(inode, &st);
	if (err)
		return err;
	if (inode_is_regular(inode)) {
		st.st_blksize = PREFERRED_IO_BYTES;
		err = add_objects(inode, &st);
		if (err)
			log_warning("inode %ju: %s", (uintmax_t)inode->ino, error_text(err));
	}
	*ret_st = st;
	return 0;
}

static bool all_active(const struct volume *vol)
{
	for (uint32_t i = 0; i < vol->osts.count; i++) {
		if (!ost_active(vol->osts.osts[i]))
			return false;
	}
	return true;
}

/* Whether objects told the size when attributes were asked for last, which was before any open, and
 * nothing was written since that could have found out otherwise. */
static bool size_seems_known(struct inode *inode)
{
	bool saved;

	pthread_mutex_lock(&inode->lock);
	saved = inode->size_saved;
	pthread_mutex_unlock(&inode->lock);
	return saved && !inode->size_unknown;
}

int inode_check_size_known(struct inode *inode)
{
	struct file_attr attr;
	struct som som;
	struct file *f;
	int err;

	if (all_active(inode->vol) && size_seems_known(inode))
		return 0;
	err = inode_get_file(inode, &f);
	if (!err)
		err = file_stat(f, FILE_WHOLE, &attr);
	if (err || attr.complete || !som_get(inode->vol->mdt, inode->fd, &som))
		return err;
	return fail(-EIO, "the file's size isn't known: an OST can't be asked");
}

int inode_size_changes(struct inode *inode)
{
	int err = 0;

	pthread_mutex_lock(&inode->lock);
	if (inode->size_saved)
		err = som_remove(inode->vol->mdt, inode->fd);
	if (!err) {
		inode->size_saved = false;
		inode->size_changed = true;
	}
	pthread_mutex_unlock(&inode->lock);
	return err;
}

/* Whether the size is to be saved; from now on, a change says so again. */
static bool take_size_changed(struct inode *inode)
{
	bool changed;

	pthread_mutex_lock(&inode->lock);
	changed = inode->size_changed && inode->file && !inode->orphan;
	if (changed)
		inode->size_changed = false;
	pthread_mutex_unlock(&inode->lock);
	return changed;
}

/*
 * The size is looked up without the lock, which comes after the file's own. A write that has begun
 * since then has said so: its size is saved another time.
 */
void inode_save_size(struct inode *inode)
{
	struct file_attr attr;
	struct som som;

	if (!take_size_changed(inode) || file_stat(inode->file, FILE_WHOLE, &attr) ||
	    !attr.complete)
		return;
	som = (struct som){ .size_bytes = attr.size_bytes, .blocks = attr.blocks };
	pthread_mutex_lock(&inode->lock);
	if (!inode->size_changed) {
		inode->size_saved = true;
		if (som_set(inode->vol->mdt, inode->fd, &som))
			log_debug("inode %ju: size not saved", (uintmax_t)inode->ino);
	}
	pthread_mutex_unlock(&inode->lock);
}

static bool take_mtime_ahead(struct inode *inode)
{
	bool ahead;

	pthread_mutex_lock(&inode->lock);
	ahead = inode->mtime_ahead;
	inode->mtime_ahead = false;
	pthread_mutex_unlock(&inode->lock);
	return ahead;
}

static void set_mtime_ahead(struct inode *inode)
{
	pthread_mutex_lock(&inode->lock);
	inode->mtime_ahead = true;
	pthread_mutex_unlock(&inode->lock);
}

/*
 * A change has set the time of the objects that it was about. The others and the MDT inode keep
 * what utimensat(2) gave them; where that is later than now it would win for good.
 */
void inode_modified(struct inode *inode)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_NOW } };
	struct timespec now;
	struct file *f;
	struct stat st;
	int err;

	if (!take_mtime_ahead(inode))
		return;
	err = inode_get_file(inode, &f);
	if (!err)
		err = inode_getattr(inode, &st);
	clock_gettime(CLOCK_REALTIME, &now);
	if (!err && (st.st_mtim.tv_sec > now.tv_sec ||
		     (st.st_mtim.tv_sec == now.tv_sec && st.st_mtim.tv_nsec > now.tv_nsec))) {
		err = file_utimens(f, FILE_WHOLE, times);
		if (!err)
			err = sys_utimens_fd(inode->fd, times);
	}
	/* The data is there: a time isn't worth an error. */
	if (err)
		log_debug("inode %ju: modification time: %s", (uintmax_t)inode->ino,
			  error_text(err));
}

/* A file that grows may need objects first; what is behind its new end changes in all of its mirrors. */
int inode_truncate_objects(struct inode *inode, uint32_t mirror_id, uint64_t size_bytes)
{
	uint64_t last = size_bytes ? size_bytes - 1 : 0;
	struct file *f;
	int err = inode_get_file(inode, &f);

	while (!err) {
		err = file_truncate(f, mirror_id, size_bytes);
		if (err == FILE_NOT_STALE)
			err = mirrors_make_stale(inode, last, LAYOUT_EOF);
		else if (err == FILE_NOT_INSTANTIATED)
			err = instantiate_range(inode, mirror_id, last, last + 1, NULL);
		else
			return err;
	}
	return err;
}

int inode_truncate(struct inode *inode, uint64_t size_bytes)
{
	const struct timespec now[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_NOW } };
	int err = inode_size_changes(inode);

	if (!err)
		err = inode_truncate_objects(inode, FILE_WHOLE, size_bytes);
	if (!err)
		err = inode_size_changes(inode); /* it may have been saved meanwhile */
	if (!err)
		err = sys_utimens_fd(inode->fd, now);
	if (!err)
		inode_modified(inode);
	return err;
}

/* One moment for the MDT inode and all objects. */
static struct timespec settle(struct timespec t)
{
	if (t.tv_nsec == UTIME_NOW)
		clock_gettime(CLOCK_REALTIME, &t);
	return t;
}

static int set_times(struct inode *inode, const struct timespec asked[2])
{
	const struct timespec times[2] = { settle(asked[0]), settle(asked[1]) };
	struct file *f;
	int err;

	if (times[0].tv_nsec == UTIME_OMIT && times[1].tv_nsec == UTIME_OMIT)
		return 0;
	if (inode_is_regular(inode)) {
		err = inode_get_file(inode, &f);
		if (!err)
			err = file_utimens(f, FILE_WHOLE, times);
		if (err)
			return err;
		set_mtime_ahead(inode);
	}
	return sys_utimens_fd(inode->fd, times);
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
