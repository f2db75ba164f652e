/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Open regular files: their data. What changes data may meet a group lock, and so goes through
 * held.h. */
#include "lovfsd/ops.h"

#include "inode/inode.h"
#include "inode/park.h"
#include "lovfsd/durable.h"
#include "lovfsd/pages.h"
#include "lovfsd/reply.h"
#include "lovfsd/session.h"
#include "volume/handle.h"

#include <errno.h>
#include <fcntl.h>

/*
 * A copy's answer has 32 bits, and a count with the highest one set is taken for an error by some
 * callers: no more than the kernel itself would do at once.
 */
#define COPY_MAX ((uint64_t)0x7ffff000)

/* The kernel keeps pages of a file from one open to the next: all that changes them goes through
 * it. Not so for a mirror. */
static void set_caching(const struct inode *inode, struct fuse_file_info *fi)
{
	fi->direct_io = inode_is_mirror(inode);
	fi->keep_cache = !inode_is_mirror(inode);
	/* Before Linux 6.3 a flush takes the inode's lock, which a held back writer has. */
	fi->noflush = (fi->flags & O_ACCMODE) == O_RDONLY;
}

static int attempt_open(struct session *s, fuse_req_t req, const struct held_op *op)
{
	struct fuse_file_info fi = op->info;
	struct open_file *file;
	struct handle *h;
	int err = handle_open(op->inode, fi.flags, &h);

	if (err == PARK_REQUEST)
		return PARK_REQUEST;
	if (err == 0)
		err = open_files_take(&s->files, h, &file);
	if (err) {
		reply_err(req, err, op->inode, "open");
		return 0;
	}
	file->flags = fi.flags;
	fi.fh = open_file_number(file);
	set_caching(op->inode, &fi);
	if (fuse_reply_open(req, &fi))
		open_files_close(&s->files, &file->node);
	return 0;
}

static void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct session *s = session_begin(req);
	struct held_op op = { .attempt = attempt_open,
			      .inode = session_inode(s, ino),
			      .info = *fi };

	held_run(&s->held, s, req, &op);
}

/* At each close: what the file looks like then stays as it is. Its error is close(2)'s. */
static void op_flush(fuse_req_t req, fuse_ino_t ino UNUSED, struct fuse_file_info *fi)
{
	struct handle *h = open_file_of(fi->fh)->handle;

	session_begin(req);
	reply_err(req, handle_flush(h), handle_inode(h), "flush");
}

static void op_release(fuse_req_t req, fuse_ino_t ino UNUSED, struct fuse_file_info *fi)
{
	struct session *s = session_begin(req);

	open_files_close(&s->files, &open_file_of(fi->fh)->node);
	fuse_reply_err(req, 0);
}

static void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		    struct fuse_file_info *fi)
{
	struct session *s = session_begin(req);
	struct handle *h = open_file_of(fi->fh)->handle;
	void *buf = session_buffer(s, size > SESSION_IO_MAX ? size : SESSION_IO_MAX);
	ssize_t n;

	pages_note(session_inode(s, ino), fi);
	n = buf ? handle_read(h, buf, size, (uint64_t)offset) : -ENOMEM;
	/* These flags are those of now: fcntl(2) can set O_NOATIME. */
	if (n > 0 && !(fi->flags & O_NOATIME))
		handle_accessed(h);
	if (n < 0)
		reply_err(req, (int)n, handle_inode(h), "read");
	else
		fuse_reply_buf(req, buf, (size_t)n);
}

/* Answers with a count, or with an error; PARK_REQUEST is handed on. */
static int reply_count(fuse_req_t req, ssize_t n, const struct held_op *op, const char *what)
{
	if (n == PARK_REQUEST)
		return PARK_REQUEST;
	if (n < 0)
		reply_err(req, (int)n, op->inode, what);
	else
		fuse_reply_write(req, (size_t)n);
	return 0;
}

/* A count of bytes that were changed, or why they may not last. */
static ssize_t durable_count(struct session *s, ssize_t n, const struct held_op *op, int flags)
{
	int err = n > 0 ? durable_data(s, op->file->handle, flags) : 0;

	return err ? err : n;
}

/* While it was held back its pages may have been dropped, for a swap, and read again without it. */
static int attempt_write(struct session *s, fuse_req_t req, const struct held_op *op)
{
	ssize_t n = handle_write(op->file->handle, op->data, op->len_bytes, op->offset);

	if (!op->was_held || n == PARK_REQUEST)
		return reply_count(req, n, op, "write");
	pages_reply_first(s->pages, req, op->inode, op->offset, op->len_bytes, n, "write");
	return 0;
}

/*
 * A direct write: the kernel may have got old pages meanwhile, and keeps them. And it asks for an fsync after each
 * write that must last, but for direct ones that it has sent without waiting: of those only the flags tell.
 */
static int attempt_write_direct(struct session *s, fuse_req_t req, const struct held_op *op)
{
	ssize_t n = handle_write(op->file->handle, op->data, op->len_bytes, op->offset);

	if (n == PARK_REQUEST)
		return PARK_REQUEST;
	if (op->info.flags & O_DIRECT)
		n = durable_count(s, n, op, op->info.flags);
	pages_reply(s->pages, req, op->inode, op->offset, op->len_bytes, n, "write");
	return 0;
}

/* Pages that the kernel writes back by itself: never held back. */
static int attempt_writeback(struct session *s UNUSED, fuse_req_t req, const struct held_op *op)
{
	ssize_t n = handle_writeback(op->file->handle, op->data, op->len_bytes, op->offset);

	return reply_count(req, n, op, "writeback");
}

static void op_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t offset,
		     struct fuse_file_info *fi)
{
	struct session *s = session_begin(req);
	struct held_op op = {
		.attempt = fi->writepage        ? attempt_writeback
			   : pages_bypassed(fi) ? attempt_write_direct
						: attempt_write,
		.info = *fi, /* its flags are those of this write */
		.inode = session_inode(s, ino),
		.file = open_file_of(fi->fh),
		.offset = (uint64_t)offset,
		.len_bytes = size,
		.data = buf,
	};

	pages_note(op.inode, fi);
	held_run(&s->held, s, req, &op);
}

/* One that fails may have zeroed something: the kernel drops pages of one that hasn't failed. */
static int attempt_fallocate(struct session *s, fuse_req_t req, const struct held_op *op)
{
	int err = handle_fallocate(op->file->handle, op->mode, op->offset, op->len_bytes);

	if (err == PARK_REQUEST)
		return PARK_REQUEST;
	if (!err)
		err = durable_data(s, op->file->handle, op->file->flags);
	if (err)
		pages_reply(s->pages, req, op->inode, op->offset, op->len_bytes, err, "fallocate");
	else
		fuse_reply_err(req, 0);
	return 0;
}

static void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t length,
			 struct fuse_file_info *fi)
{
	struct session *s = session_begin(req);
	struct held_op op = {
		.attempt = attempt_fallocate,
		.inode = session_inode(s, ino),
		.file = open_file_of(fi->fh),
		.offset = (uint64_t)offset,
		.len_bytes = (uint64_t)length,
		.mode = mode,
	};

	held_run(&s->held, s, req, &op);
}

/* The kernel drops pages of what it is told has been copied. More may have been: the parts of a copy are done
 * in any order. */
static int attempt_copy(struct session *s, fuse_req_t req, const struct held_op *op)
{
	ssize_t n = handle_copy_range(op->source->handle, op->source_offset, op->file->handle,
				      op->offset, op->len_bytes);
	uint64_t done = (uint64_t)MAX_OF(n, 0);

	if (n == PARK_REQUEST)
		return PARK_REQUEST;
	n = durable_count(s, n, op, op->file->flags);
	pages_reply(s->pages, req, op->inode, op->offset + done, op->len_bytes - done, n,
		    "copy_file_range");
	return 0;
}

static void op_copy_file_range(fuse_req_t req, fuse_ino_t ino_in UNUSED, off_t off_in,
			       struct fuse_file_info *fi_in, fuse_ino_t ino_out, off_t off_out,
			       struct fuse_file_info *fi_out, size_t len, int flags)
{
	struct session *s = session_begin(req);
	struct held_op op = {
		.attempt = attempt_copy,
		.inode = session_inode(s, ino_out),
		.file = open_file_of(fi_out->fh),
		.source = open_file_of(fi_in->fh),
		.offset = (uint64_t)off_out,
		.source_offset = (uint64_t)off_in,
		.len_bytes = MIN_OF(len, COPY_MAX),
	};

	if (flags)
		reply_err(req, -EINVAL, op.inode, "copy_file_range");
	else
		held_run(&s->held, s, req, &op);
}

static void op_fsync(fuse_req_t req, fuse_ino_t ino UNUSED, int data_only,
		     struct fuse_file_info *fi)
{
	struct handle *h = open_file_of(fi->fh)->handle;

	session_begin(req);
	reply_err(req, handle_fsync(h, data_only), handle_inode(h), "fsync");
}

static void op_lseek(fuse_req_t req, fuse_ino_t ino UNUSED, off_t offset, int whence,
		     struct fuse_file_info *fi)
{
	struct handle *h = open_file_of(fi->fh)->handle;
	uint64_t found;
	int err;

	session_begin(req);
	err = handle_seek(h, (uint64_t)offset, whence, &found);
	if (err)
		reply_err(req, err, handle_inode(h), "lseek");
	else
		fuse_reply_lseek(req, (off_t)found);
}

void io_ops_fill(struct fuse_lowlevel_ops *ops)
{
	ops->open = op_open;
	ops->flush = op_flush;
	ops->release = op_release;
	ops->read = op_read;
	ops->write = op_write;
	ops->fallocate = op_fallocate;
	ops->copy_file_range = op_copy_file_range;
	ops->fsync = op_fsync;
	ops->lseek = op_lseek;
}
