/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attributes of inodes, and of the whole file system. */
#include "lovfsd/ops.h"

#include "inode/inode.h"
#include "inode/park.h"
#include "lovfsd/durable.h"
#include "lovfsd/pages.h"
#include "lovfsd/reply.h"
#include "lovfsd/session.h"
#include "volume/handle.h"
#include "volume/inode_attr.h"
#include "volume/volume.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi UNUSED)
{
	struct inode *inode = session_inode(session_begin(req), ino);
	struct stat st;
	int err = inode_attr_get(inode, &st);

	if (err)
		reply_err(req, err, inode, "getattr");
	else
		fuse_reply_attr(req, &st, reply_attr_timeout(inode, 0));
}

static struct timespec time_to_set(int to_set, int given, int now, struct timespec value)
{
	if (to_set & now)
		return (struct timespec){ .tv_nsec = UTIME_NOW };
	if (to_set & given)
		return value;
	return (struct timespec){ .tv_nsec = UTIME_OMIT };
}

/* The change time is the backing file system's business: FUSE_SET_ATTR_CTIME is left alone. */
static struct attr_change setattr_of(const struct stat *st, int to_set)
{
	return (struct attr_change){
		.set_mode = to_set & FUSE_SET_ATTR_MODE,
		.set_uid = to_set & FUSE_SET_ATTR_UID,
		.set_gid = to_set & FUSE_SET_ATTR_GID,
		.set_size = to_set & FUSE_SET_ATTR_SIZE,
		.mode = st->st_mode,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.size_bytes = (uint64_t)st->st_size,
		.times = { time_to_set(to_set, FUSE_SET_ATTR_ATIME, FUSE_SET_ATTR_ATIME_NOW,
				       st->st_atim),
			   time_to_set(to_set, FUSE_SET_ATTR_MTIME, FUSE_SET_ATTR_MTIME_NOW,
				       st->st_mtim) },
	};
}

/*
 * By an open file the size goes first and by itself, so that the holder of a group lock isn't held
 * back. Of a mirror there is nothing else to set: ftruncate(2) brings the time of now along, and the
 * mirror gets the file's when it is in sync.
 */
static int attempt_setattr(struct session *s, fuse_req_t req, const struct held_op *op)
{
	struct attr_change attr = op->attr;
	struct stat st;
	int doubt = 0, err = 0;

	if (attr.set_size && op->file) {
		err = handle_truncate(op->file->handle, attr.size_bytes);
		attr.set_size = false;
	}
	if (err == 0 && !(op->file && inode_is_mirror(op->inode)))
		err = inode_attr_set(op->inode, &attr);
	if (err == PARK_REQUEST)
		return PARK_REQUEST;
	if (err == 0)
		err = durable_inode(s, op->inode, op->attr.set_size);
	/* A file that wasn't cut off may have been, in some of its objects. */
	if (err && op->attr.set_size) {
		pages_reply(s->pages, req, op->inode, op->attr.size_bytes,
			    INT64_MAX - MIN_OF(op->attr.size_bytes, INT64_MAX), err, "setattr");
		return 0;
	}
	/* What was asked for is done, be the size known or not. */
	if (err == 0)
		err = inode_attr_get_of_name(op->inode, &st, &doubt);
	if (err)
		reply_err(req, err, op->inode, "setattr");
	else
		fuse_reply_attr(req, &st, reply_attr_timeout(op->inode, doubt));
	return 0;
}

static void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st, int to_set,
		       struct fuse_file_info *fi)
{
	struct session *s = session_begin(req);
	struct held_op op = {
		.attempt = attempt_setattr,
		.inode = session_inode(s, ino),
		.attr = setattr_of(st, to_set),
		.file = fi && (to_set & FUSE_SET_ATTR_SIZE) ? open_file_of(fi->fh) : NULL,
	};

	held_run(&s->held, s, req, &op);
}

static void op_statfs(fuse_req_t req, fuse_ino_t ino UNUSED)
{
	struct session *s = session_begin(req);
	struct statvfs st;
	int err = volume_statvfs(s->volume, &st);

	if (err)
		reply_err(req, err, NULL, "statfs");
	else
		fuse_reply_statfs(req, &st);
}

void attr_ops_fill(struct fuse_lowlevel_ops *ops)
{
	ops->getattr = op_getattr;
	ops->setattr = op_setattr;
	ops->statfs = op_statfs;
}
