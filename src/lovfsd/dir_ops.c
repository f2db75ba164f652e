/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Directories: the entries are those of the backing directory, in its order and with its offsets.
 * Hidden directories list nothing.
 */
#include "lovfsd/ops.h"

#include "base/error.h"
#include "base/sys.h"
#include "inode/inode.h"
#include "lovfsd/prune.h"
#include "lovfsd/reply.h"
#include "lovfsd/session.h"
#include "volume/inode_attr.h"
#include "volume/names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* An open directory. The kernel sends one request at a time for it: it holds the lock of the file
 * position. */
struct open_dir {
	struct open_node node;
	DIR *stream; /* NULL: hidden */
	struct inode *inode;
	off_t offset;          /* of the entry that comes next */
	struct dirent *unread; /* read from the stream but not handed out yet, or NULL */
};

static struct open_dir *open_dir_of(const struct fuse_file_info *fi)
{
	return (struct open_dir *)(uintptr_t)fi->fh;
}

static void close_dir(struct open_node *node)
{
	struct open_dir *dir = (struct open_dir *)((char *)node - offsetof(struct open_dir, node));

	if (dir->stream)
		closedir(dir->stream);
	free(dir);
}

/* On a user's volume there may be a directory of somebody else's, of which that can't be had. */
static int open_quietly(const struct inode *inode)
{
	int fd = sys_reopen(inode_fd(inode), O_RDONLY | O_DIRECTORY | O_NOATIME);

	return fd == -EPERM ? sys_reopen(inode_fd(inode), O_RDONLY | O_DIRECTORY) : fd;
}

static int open_stream(struct inode *inode, bool quietly, DIR **ret_stream)
{
	CLEANUP_FD int fd = -1;

	if (inode_fd(inode) < 0)
		return 0;
	fd = quietly ? open_quietly(inode) : sys_reopen(inode_fd(inode), O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fail_sys(fd, "open directory");
	*ret_stream = fdopendir(fd);
	if (!*ret_stream)
		return fail_sys(-errno, "open directory");
	fd_steal(&fd);
	return 0;
}

static void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct session *s = session_begin(req);
	struct inode *inode = session_inode(s, ino);
	struct open_dir *dir = calloc(1, sizeof(*dir));
	bool quietly = s->nodiratime || (fi->flags & O_NOATIME);
	int err = dir ? open_stream(inode, quietly, &dir->stream) : -ENOMEM;

	if (err) {
		free(dir);
		reply_err(req, err, inode, "opendir");
		return;
	}
	dir->inode = inode;
	dir->node.close = close_dir;
	open_files_add(&s->files, &dir->node);
	fi->fh = (uintptr_t)dir;
	if (fuse_reply_open(req, fi))
		open_files_close(&s->files, &dir->node);
}

/* The next entry, not taken yet. 0, *ret_entry NULL at the end. */
static int peek_entry(struct open_dir *dir, struct dirent **ret_entry)
{
	if (!dir->unread) {
		errno = 0;
		dir->unread = readdir(dir->stream);
		if (!dir->unread && errno)
			return fail_sys(-errno, "read directory");
	}
	*ret_entry = dir->unread;
	return 0;
}

/*
 * From the front is always begun anew: Btrfs lists what there was when the directory was opened, or gone
 * to the front of, last.
 */
static void seek_to(struct open_dir *dir, off_t offset)
{
	if (offset && offset == dir->offset)
		return;
	if (offset)
		seekdir(dir->stream, offset);
	else
		rewinddir(dir->stream);
	dir->unread = NULL;
	dir->offset = offset;
}

static bool is_dot_or_dotdot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Where the entries of one answer go. */
struct listing {
	struct session *s;
	fuse_req_t req;
	struct open_dir *dir;
	char *buf;
	size_t used, cap;
	bool with_inodes;
};

/* What the backing directory says of an entry by itself. ".." of the root is the root, not the
 * directory above it. */
static struct stat plain_attr(const struct listing *l, const struct dirent *entry)
{
	struct stat st = { .st_ino = entry->d_ino, .st_mode = (mode_t)DTTOIF(entry->d_type) };
	struct stat top;

	if (l->dir->inode == inode_root(l->s->volume) && strcmp(entry->d_name, "..") == 0 &&
	    inode_attr_get(l->dir->inode, &top) == 0)
		st.st_ino = top.st_ino;
	return st;
}

static bool add_plain(struct listing *l, const struct dirent *entry)
{
	struct stat st = plain_attr(l, entry);
	size_t left = l->cap - l->used;
	size_t n =
		fuse_add_direntry(l->req, l->buf + l->used, left, entry->d_name, &st, entry->d_off);

	l->used += n <= left ? n : 0;
	return n <= left;
}

/* An entry whose inode can't be had now, or for which there is no room, is listed without: whoever
 * wants it looks it up and sees why. */
static bool add_with_inode(struct listing *l, const struct dirent *entry)
{
	struct fuse_entry_param e = { .attr = plain_attr(l, entry) };
	struct inode *inode = NULL;
	size_t left = l->cap - l->used;
	size_t n;

	if (!is_dot_or_dotdot(entry->d_name) && prune_has_room(l->s->prune) &&
	    (names_lookup(l->dir->inode, entry->d_name, fuse_req_ctx(l->req)->uid, &inode) ||
	     reply_take_entry(l->s, inode, &e)))
		inode = NULL;
	n = fuse_add_direntry_plus(l->req, l->buf + l->used, left, entry->d_name, &e, entry->d_off);
	l->used += n <= left ? n : 0;
	if (n > left && inode)
		reply_entry_undo(l->s, inode);
	return n <= left;
}

/* Fills the buffer. An error after the first entry is kept for the next request, which will meet it
 * again. */
static int fill(struct listing *l)
{
	struct dirent *entry = NULL;
	bool fits = true;

	while (fits) {
		int err = peek_entry(l->dir, &entry);

		if (err && l->used == 0)
			return err;
		if (err || !entry)
			return 0;
		fits = l->with_inodes ? add_with_inode(l, entry) : add_plain(l, entry);
		if (fits) {
			l->dir->offset = entry->d_off;
			l->dir->unread = NULL;
		}
	}
	return 0;
}

static void list(fuse_req_t req, size_t size, off_t offset, struct fuse_file_info *fi,
		 bool with_inodes)
{
	struct session *s = session_begin(req);
	struct open_dir *dir = open_dir_of(fi);
	struct listing l = {
		.s = s, .req = req, .dir = dir, .cap = size, .with_inodes = with_inodes
	};
	int err;

	if (!dir->stream) {
		fuse_reply_buf(req, NULL, 0);
		return;
	}
	l.buf = session_buffer(s, size);
	if (!l.buf) {
		reply_err(req, -ENOMEM, NULL, "readdir");
		return;
	}
	seek_to(dir, offset);
	err = fill(&l);
	if (err)
		reply_err(req, err, dir->inode, "readdir");
	else
		fuse_reply_buf(req, l.buf, l.used);
}

static void op_readdir(fuse_req_t req, fuse_ino_t ino UNUSED, size_t size, off_t offset,
		       struct fuse_file_info *fi)
{
	list(req, size, offset, fi, false);
}

static void op_readdirplus(fuse_req_t req, fuse_ino_t ino UNUSED, size_t size, off_t offset,
			   struct fuse_file_info *fi)
{
	list(req, size, offset, fi, true);
}

static void op_releasedir(fuse_req_t req, fuse_ino_t ino UNUSED, struct fuse_file_info *fi)
{
	struct session *s = session_begin(req);

	open_files_close(&s->files, &open_dir_of(fi)->node);
	fuse_reply_err(req, 0);
}

static void op_fsyncdir(fuse_req_t req, fuse_ino_t ino UNUSED, int data_only UNUSED,
			struct fuse_file_info *fi)
{
	struct open_dir *dir = open_dir_of(fi);

	session_begin(req);
	reply_err(req, dir->stream ? sys_fsync(dirfd(dir->stream)) : 0, dir->inode, "fsync");
}

void dir_ops_fill(struct fuse_lowlevel_ops *ops)
{
	ops->opendir = op_opendir;
	ops->readdir = op_readdir;
	ops->readdirplus = op_readdirplus;
	ops->releasedir = op_releasedir;
	ops->fsyncdir = op_fsyncdir;
}
