/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume/handle.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/units.h"
#include "volume/volume_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

/* The destination's inode lock is held in the kernel meanwhile: answer soon. */
#define COPY_TIME_NS (100 * NS_PER_MS)
/* Most that one answer of the kernel's interface can say. */
#define COPY_MAX_BYTES (2 * GIB - 4096)

static int open_locked(struct inode *inode, struct handle *h)
{
	if (inode->reaped)
		return fail(-ESTALE, "the file has been removed");
	inode->opens++;
	inode->writers += h->writable;
	if (h->writable)
		lease_break_locked(inode, h);
	return 0;
}

static int attach(struct inode *inode, struct handle *h)
{
	int err;

	pthread_mutex_lock(&inode->lock);
	err = open_locked(inode, h);
	pthread_mutex_unlock(&inode->lock);
	if (!err)
		inode_ref(inode);
	return err;
}

int handle_open(struct inode *inode, int flags, struct handle **ret_handle)
{
	bool writable = (flags & O_ACCMODE) != O_RDONLY;
	struct inode *file = inode_is_mirror(inode) ? inode->target : inode;
	struct handle *h;
	struct file *f;
	int err = inode_get_file(inode, &f);

	if (err)
		return err;
	err = inode_check_size_known(file);
	if (err)
		return err;
	if (inode_is_mirror(inode) && (flags & O_TRUNC))
		return fail(-EROFS, "a mirror can't be written by itself");
	h = calloc(1, sizeof(*h));
	if (!h)
		return fail(-ENOMEM, "no memory for an open file");
	*h = (struct handle){
		.inode = file, .file = f, .writable = writable, .mirror = inode_is_mirror(inode)
	};
	err = attach(file, h);
	if (err) {
		free(h);
		return err;
	}
	if (flags & O_TRUNC) {
		err = handle_truncate(h, 0);
		if (err) {
			handle_release(h);
			return err;
		}
	}
	*ret_handle = h;
	return 0;
}

/* At the last close: descriptors are closed; a file without a name goes. */
static void last_close(struct inode *inode, struct file *f, bool orphan)
{
	inode_save_size(inode);
	file_close_objects(f);
	if (orphan)
		reaper_add(&inode->vol->reaper, file_fid(f));
}

void handle_release(struct handle *h)
{
	struct inode *inode = h->inode;
	bool last, orphan;

	handle_lease_put(h);
	group_lock_drop(h);
	pthread_mutex_lock(&inode->lock);
	inode->writers -= h->writable;
	last = --inode->opens == 0;
	orphan = last && inode->orphan && !inode->reaped;
	inode->reaped |= orphan;
	pthread_mutex_unlock(&inode->lock);
	if (last)
		last_close(inode, h->file, orphan);
	inode_forget(inode, 1);
	free(h);
}

struct inode *handle_inode(const struct handle *h)
{
	return h->inode;
}

bool handle_writable(const struct handle *h)
{
	return h->writable;
}

/* ---- counting ---- */

static void count(struct inode *inode, const struct volume_moved *m)
{
	struct volume *vol = inode->vol;

	pthread_mutex_lock(&inode->lock);
	io_moved_add(&inode->moved.copies, &m->copies);
	inode->moved.read_bytes += m->read_bytes;
	inode->moved.written_bytes += m->written_bytes;
	pthread_mutex_unlock(&inode->lock);
	pthread_mutex_lock(&vol->moved_lock);
	io_moved_add(&vol->moved.copies, &m->copies);
	vol->moved.read_bytes += m->read_bytes;
	vol->moved.written_bytes += m->written_bytes;
	pthread_mutex_unlock(&vol->moved_lock);
}

void handle_get_moved(struct handle *h, struct volume_moved *ret_moved)
{
	pthread_mutex_lock(&h->inode->lock);
	*ret_moved = h->inode->moved;
	pthread_mutex_unlock(&h->inode->lock);
}

/* ---- reading ---- */

ssize_t handle_read(struct handle *h, void *buf, size_t len_bytes, uint64_t offset)
{
	ssize_t n = file_read(h->file, buf, len_bytes, offset);

	if (n > 0)
		count(h->inode, &(struct volume_moved){ .read_bytes = (uint64_t)n });
	return n;
}

int handle_seek(struct handle *h, uint64_t offset, int whence, uint64_t *ret_offset)
{
	return file_seek(h->file, offset, whence, ret_offset);
}

/* ---- writing ---- */

/* One operation that changes data, and the range of the file that it needs objects for. */
struct change {
	struct handle *h;
	ssize_t (*run)(struct change *c);
	uint64_t offset, len_bytes;
	bool writeback; /* see handle_writeback() */
	/* of the single operations: */
	const void *buf;
	int mode;
	struct file_copy copy;
	struct layout *near; /* of the copy's source */
	struct io_moved moved;
};

/* An OST is full: removed files give back their space, and where new objects go is decided by what is
 * free now. */
static void make_room(struct volume *vol)
{
	struct ost_space space;

	reaper_drain(&vol->reaper);
	for (uint32_t i = 0; i < vol->osts.count; i++) {
		if (ost_active(vol->osts.osts[i]) && ost_get_space(vol->osts.osts[i], 0, &space))
			log_debug("OST %" PRIu32 ": free space not known", i);
	}
}

/*
 * What all of them have in common: group locks hold back, the saved size goes, missing objects are
 * made, and a full OST is tried once more when removed files have given their space back.
 */
static ssize_t change_attempts(struct change *c)
{
	struct inode *inode = c->h->inode;
	bool drained = false;
	ssize_t n;
	int err = inode_size_changes(inode);

	while (!err) {
		n = c->run(c);
		if (n == FILE_NOT_INSTANTIATED)
			err = instantiate_range(inode, c->offset, c->offset + c->len_bytes,
						c->near);
		else if (n >= 0)
			return n;
		else
			err = (int)n;
		if (err == -ENOSPC && !drained) {
			make_room(inode->vol);
			drained = true;
			err = 0;
		}
	}
	return err;
}

static ssize_t change_run(struct change *c)
{
	ssize_t n;
	int err;

	if (!c->h->writable)
		return fail(-EBADF, "the descriptor isn't open for writing");
	if (c->h->mirror)
		return fail(-EROFS, "a mirror can't be written by itself");
	if (!c->writeback && group_lock_holds_back(c->h->inode, c->h))
		return HANDLE_PARK;
	n = change_attempts(c);
	/* A close of the file may have saved a size in the middle of the change. */
	err = inode_size_changes(c->h->inode);
	if (n >= 0 && !err)
		inode_modified(c->h->inode);
	return n < 0 || !err ? n : err;
}

static ssize_t run_write(struct change *c)
{
	return file_write(c->h->file, c->buf, c->len_bytes, c->offset);
}

static ssize_t write_counted(struct change *c)
{
	ssize_t n = c->len_bytes ? change_run(c) : 0;

	if (n > 0)
		count(c->h->inode, &(struct volume_moved){ .written_bytes = (uint64_t)n });
	return n;
}

ssize_t handle_write(struct handle *h, const void *buf, size_t len_bytes, uint64_t offset)
{
	struct change c = {
		.h = h, .run = run_write, .offset = offset, .len_bytes = len_bytes, .buf = buf
	};

	return write_counted(&c);
}

ssize_t handle_writeback(struct handle *h, const void *buf, size_t len_bytes, uint64_t offset)
{
	struct change c = {
		.h = h, .run = run_write, .offset = offset, .len_bytes = len_bytes, .buf = buf
	};

	c.writeback = true;
	return write_counted(&c);
}

static ssize_t run_fallocate(struct change *c)
{
	return file_fallocate(c->h->file, c->mode, c->offset, c->len_bytes);
}

int handle_fallocate(struct handle *h, int mode, uint64_t offset, uint64_t len_bytes)
{
	struct change c = {
		.h = h, .run = run_fallocate, .offset = offset, .len_bytes = len_bytes, .mode = mode
	};

	return (int)change_run(&c);
}

static ssize_t run_copy(struct change *c)
{
	return file_copy_range(&c->copy, &c->moved);
}

ssize_t handle_copy_range(struct handle *src, uint64_t src_offset, struct handle *dst,
			  uint64_t dst_offset, uint64_t len_bytes)
{
	struct change c = { .h = dst, .run = run_copy, .offset = dst_offset };
	struct file_attr attr;
	ssize_t n;
	int err = file_stat(src->file, &attr);

	if (err)
		return err;
	/* Where an OST can't be asked, the known size may not be the end. */
	if (!attr.complete && src_offset >= attr.size_bytes)
		return fail(-EIO, "the end of the source isn't known: an OST is inactive");
	/* No objects for what isn't there to be copied. */
	if (src_offset >= attr.size_bytes)
		len_bytes = 0;
	else
		len_bytes = MIN_OF(MIN_OF(len_bytes, attr.size_bytes - src_offset), COPY_MAX_BYTES);
	if (len_bytes == 0)
		return 0;
	c.len_bytes = len_bytes;
	c.copy = (struct file_copy){
		.src = src->file,
		.dst = dst->file,
		.src_offset = src_offset,
		.dst_offset = dst_offset,
		.len_bytes = len_bytes,
		.ladder = &dst->inode->vol->ladder,
		.deadline_ns = clock_now_ns() + COPY_TIME_NS,
	};
	/* A copy stays near its source, where it can share its extents. Not a victim: it's made to
	 * move. */
	c.near = dst->inode->victim ? NULL : file_layout(src->file);
	n = change_run(&c);
	layout_unref(c.near);
	count(dst->inode, &(struct volume_moved){ .copies = c.moved });
	return n;
}

int handle_truncate(struct handle *h, uint64_t size_bytes)
{
	if (h->mirror)
		return fail(-EROFS, "a mirror can't be written by itself");
	if (group_lock_holds_back(h->inode, h))
		return HANDLE_PARK;
	pthread_mutex_lock(&h->inode->lock);
	lease_break_locked(h->inode, h);
	pthread_mutex_unlock(&h->inode->lock);
	return inode_truncate(h->inode, size_bytes);
}

int handle_flush(struct handle *h)
{
	if (h->writable)
		inode_save_size(h->inode);
	return 0;
}

int handle_fsync(struct handle *h, bool data_only)
{
	int err = file_sync(h->file, data_only);

	/* The layout that names the objects is on the MDT inode: it's part of the data. */
	return err ? err : inode_fsync(h->inode);
}

int handle_data_version(struct handle *h, uint64_t *ret_version, uint32_t *ret_layout_version)
{
	CLEANUP_LAYOUT struct layout *l = file_layout(h->file);

	*ret_version = file_data_version(h->file);
	*ret_layout_version = l ? l->gen : 0;
	return 0;
}
