/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operations on names: looking them up, making, removing and renaming them. */
#include "lovfsd/ops.h"

#include "base/sys.h"
#include "inode/inode.h"
#include "inode/inode_number.h"
#include "lovfs_ioctl.h"
#include "lovfsd/durable.h"
#include "lovfsd/new_requests.h"
#include "lovfsd/prune.h"
#include "lovfsd/reply.h"
#include "lovfsd/session.h"
#include "volume/handle.h"
#include "volume/names.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

/* What a request that adds an inode to those that the kernel knows begins with. */
static struct session *begin_adding(fuse_req_t req)
{
	struct session *s = session_begin(req);

	prune_make_room(s->prune);
	return s;
}

static struct mdt_creator creator_of(fuse_req_t req)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);

	return (struct mdt_creator){ .uid = ctx->uid, .gid = ctx->gid, .umask = ctx->umask };
}

static bool is_victim_name(const char *name)
{
	return strncmp(name, LOVFS_VICTIM_PREFIX, strlen(LOVFS_VICTIM_PREFIX)) == 0;
}

/* Answers with an inode that was made, or given another name, in dir. */
static void reply_made(struct session *s, fuse_req_t req, int err, struct inode *dir,
		       struct inode *inode, const char *what)
{
	if (err == 0) {
		err = durable_name(s, dir, inode);
		if (err)
			inode_forget(inode, 1);
	}
	reply_entry(s, req, err, inode, what);
}

/* "." is an inode that the kernel may have forgotten, of which it has the number from a file handle; it
 * compares the generation. ".." is the way up from there. */
static int lookup(struct session *s, fuse_req_t req, fuse_ino_t parent, const char *name,
		  struct inode **ret_inode)
{
	if (strcmp(name, ".") == 0)
		return inode_number_find(s->volume, parent, ret_inode);
	if (strcmp(name, "..") == 0)
		return inode_number_find_parent(session_inode(s, parent), ret_inode);
	return names_lookup(session_inode(s, parent), name, fuse_req_ctx(req)->uid, ret_inode);
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct session *s = begin_adding(req);
	struct inode *inode = NULL;
	int err = lookup(s, req, parent, name, &inode);

	reply_entry(s, req, err, inode, "lookup");
}

static void forget(struct session *s, fuse_ino_t ino, uint64_t n)
{
	if (ino != FUSE_ROOT_ID)
		known_inodes_forget(&s->known, ino, n);
}

static void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t n)
{
	forget(session_begin(req), ino, n);
	fuse_reply_none(req);
}

static void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	struct session *s = session_begin(req);

	for (size_t i = 0; i < count; i++)
		forget(s, forgets[i].ino, forgets[i].nlookup);
	fuse_reply_none(req);
}

static void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct session *s = session_begin(req);
	struct inode *inode = session_inode(s, ino);
	char target[PATH_MAX];
	ssize_t n = inode_fd(inode) < 0
			    ? -EINVAL
			    : sys_readlinkat(inode_fd(inode), "", target, sizeof(target));

	if (n < 0)
		reply_err(req, (int)n, inode, "readlink");
	else
		fuse_reply_readlink(req, target);
}

static void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t dev)
{
	struct session *s = begin_adding(req);
	struct inode *dir = session_inode(s, parent);
	struct mdt_creator who = creator_of(req);
	struct inode *inode = NULL;
	int err;

	if ((S_ISREG(mode) || (mode & S_IFMT) == 0) && is_victim_name(name))
		err = -EINVAL; /* only open(2) makes victims: without a close nothing would end them */
	else if (S_ISREG(mode) || (mode & S_IFMT) == 0)
		err = names_create(dir, name, mode & ALLPERMS, &who, &inode);
	else
		err = names_mknod(dir, name, mode, dev, &who, &inode);
	reply_made(s, req, err, dir, inode, "mknod");
}

static void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct session *s = begin_adding(req);
	struct mdt_creator who = creator_of(req);
	struct inode *inode = NULL;
	struct inode *dir = session_inode(s, parent);
	int err = names_mkdir(dir, name, mode, &who, &inode);

	reply_made(s, req, err, dir, inode, "mkdir");
}

static void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	struct session *s = begin_adding(req);
	struct mdt_creator who = creator_of(req);
	struct inode *inode = NULL;
	struct inode *dir = session_inode(s, parent);
	int err = names_symlink(target, dir, name, &who, &inode);

	reply_made(s, req, err, dir, inode, "symlink");
}

static void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
	struct session *s = session_begin(req);
	struct inode *inode = session_inode(s, ino);
	struct inode *dir = session_inode(s, parent);
	int err = names_link(inode, dir, name);

	if (err == 0)
		inode_ref(inode); /* for the kernel, which counts this answer too */
	reply_made(s, req, err, dir, inode, "link");
}

static void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct session *s = session_begin(req);
	struct inode *dir = session_inode(s, parent);
	int err = names_unlink(dir, name);

	reply_err(req, err ? err : durable_name(s, dir, NULL), dir, "unlink");
}

static void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct session *s = session_begin(req);
	struct inode *dir = session_inode(s, parent);
	int err = names_rmdir(dir, name);

	reply_err(req, err ? err : durable_name(s, dir, NULL), dir, "rmdir");
}

static void op_rename(fuse_req_t req, fuse_ino_t old_parent, const char *old_name,
		      fuse_ino_t parent, const char *name, unsigned int flags)
{
	struct session *s = session_begin(req);
	struct inode *old_dir = session_inode(s, old_parent), *dir = session_inode(s, parent);
	struct mdt_creator who = creator_of(req);
	int err = names_rename(old_dir, old_name, dir, name, flags, &who);

	/* The new name first: a power loss between may leave both, never none. */
	if (!err)
		err = durable_name(s, dir, NULL);
	if (!err && dir != old_dir)
		err = durable_name(s, old_dir, NULL);
	reply_err(req, err, old_dir, "rename");
}

/* Opens a file just made. The kernel isn't told of it where that fails, and its name is taken back.
 */
static int open_created(struct session *s, struct inode *inode, int flags,
			struct open_file **ret_file)
{
	struct handle *h;
	int err = handle_open(inode, flags, &h);

	if (!err)
		err = open_files_take(&s->files, h, ret_file);
	if (!err)
		(*ret_file)->flags = flags;
	return err;
}

static bool is_no_name(const char *name)
{
	return strcmp(name, NEW_REQUESTS_NO_NAME) == 0;
}

/* What was made, but can't be opened, goes again. Returns the error to answer with. */
static int unmake(struct inode *dir, const char *name, int err)
{
	bool named = !is_no_name(name) && !is_victim_name(name);

	return named && names_unlink(dir, name) ? -EIO : err;
}

static void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
		      struct fuse_file_info *fi)
{
	struct session *s = begin_adding(req);
	struct inode *dir = session_inode(s, parent);
	struct mdt_creator who = creator_of(req);
	struct open_file *file = NULL;
	struct fuse_entry_param e;
	struct inode *inode;
	int err = is_no_name(name) ? names_create_nameless(dir, mode & ALLPERMS, &who, &inode)
				   : names_create(dir, name, mode & ALLPERMS, &who, &inode);

	/* The kernel looked first: somebody else made it since. ESTALE makes it look again, and
	 * open what it finds. */
	if (err == -EEXIST && !(fi->flags & O_EXCL))
		err = -ESTALE;
	if (err) {
		reply_err(req, err, dir, "create");
		return;
	}
	err = durable_name(s, dir, inode);
	if (!err)
		err = open_created(s, inode, fi->flags, &file);
	if (err) {
		names_abandon(inode);
		inode_forget(inode, 1);
	} else {
		err = reply_take_entry(s, inode, &e);
		if (err)
			open_files_close(&s->files, &file->node);
	}
	if (err) {
		reply_err(req, unmake(dir, name, err), dir, "create");
		return;
	}
	if (is_victim_name(name))
		e.entry_timeout = 0;
	fi->fh = open_file_number(file);
	fi->keep_cache = 1;
	if (fuse_reply_create(req, &e, fi)) {
		open_files_close(&s->files, &file->node);
		reply_entry_undo(s, inode);
	}
}

void names_ops_fill(struct fuse_lowlevel_ops *ops)
{
	ops->lookup = op_lookup;
	ops->forget = op_forget;
	ops->forget_multi = op_forget_multi;
	ops->readlink = op_readlink;
	ops->mknod = op_mknod;
	ops->mkdir = op_mkdir;
	ops->symlink = op_symlink;
	ops->link = op_link;
	ops->unlink = op_unlink;
	ops->rmdir = op_rmdir;
	ops->rename = op_rename;
	ops->create = op_create;
}
