/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume/handle.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/units.h"
#include "commit/mirror_maps.h"
#include "commit/reaper.h"
#include "commit/truncate.h"
#include "inode/access_time.h"
#include "inode/follow_state.h"
#include "inode/group_lock.h"
#include "inode/handle_state.h"
#include "inode/inode.h"
#include "inode/inode_state.h"
#include "inode/lease.h"
#include "inode/moved_bytes.h"
#include "inode/park.h"
#include "inode/saved_attr.h"
#include "inode/volume_state.h"
#include "volume/change.h"
#include "volume/follow_session.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

/* The destination's inode lock is held in the kernel meanwhile: answer soon. */
#define COPY_TIME_NS (100 * NS_PER_MS)
/* Of a file that is followed: what the mover does next waits until no copy is under way, and
 * writers wait behind it. */
#define COPY_FOLLOWED_TIME_NS (20 * NS_PER_MS)
/* Most that one answer of the kernel's interface can say. */
#define COPY_MAX_BYTES (2 * GIB - 4096)

/* Whether it writes to the file: to what everybody reads, not to a mirror that is being brought
 * up. */
static bool writes_file(const struct handle *h)
{
	return h->writable && h->mirror_id == FILE_WHOLE;
}

static int open_locked(struct inode *inode, struct handle *h)
{
	if (inode->reaped)
		return fail(-ESTALE, "the file has been removed");
	inode->opens++;
	inode->writers += writes_file(h);
	if (writes_file(h))
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

static int check_hidden(struct inode *inode, int flags)
{
	bool writable = (flags & O_ACCMODE) != O_RDONLY;

	if (inode->mirror_id == FILE_WHOLE)
		return 0;
	return writable && !follow_state_has_mirror(inode->target, inode->mirror_id)
		       ? fail(-EROFS, "mirror %" PRIu32 ": it isn't being brought up",
			      inode->mirror_id)
		       : 0;
}

int handle_open(struct inode *inode, int flags, struct handle **ret_handle)
{
	bool hidden = inode_is_mirror(inode);
	struct inode *file = hidden ? inode->target : inode;
	struct handle *h;
	struct file *f;
	int err = inode_get_file(inode, &f);

	if (!err)
		err = saved_attr_check_size(file, (flags & O_ACCMODE) != O_RDONLY);
	if (!err && hidden)
		err = check_hidden(inode, flags);
	if (err)
		return err;
	h = calloc(1, sizeof(*h));
	if (!h)
		return fail(-ENOMEM, "no memory for an open file");
	*h = (struct handle){
		.inode = file,
		.file = f,
		.writable = (flags & O_ACCMODE) != O_RDONLY,
		.hidden = hidden,
		.accesses = !hidden && !(flags & O_NOATIME),
		.mirror_id = hidden ? inode->mirror_id : FILE_WHOLE,
	};
	err = attach(file, h);
	if (err) {
		free(h);
		return err;
	}
	err = h->writable ? mirror_maps_load(file, f) : 0;
	if (err)
		handle_release(h);
	else
		*ret_handle = h;
	return err;
}

/* At the last close: descriptors are closed; a file without a name goes. */
static void last_close(struct inode *inode, struct file *f, bool orphan)
{
	access_time_settle(inode);
	saved_attr_save(inode);
	mirror_maps_drop(inode, f);
	file_close_objects(f);
	if (orphan)
		reaper_add(inode->vol->reaper, file_fid(f));
}

void handle_release(struct handle *h)
{
	struct inode *inode = h->inode;
	bool last, orphan;

	lease_drop(h);
	follow_session_end(h);
	group_lock_drop(h);
	pthread_mutex_lock(&inode->lock);
	inode->writers -= writes_file(h);
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

void handle_accessed(const struct handle *h)
{
	if (h->accesses)
		access_time_read(h->inode);
}

/* ---- counting ---- */

/* The file has counted its failovers by itself: those that are new. */
static uint64_t new_failovers_locked(struct inode *inode)
{
	uint64_t now = inode->file ? file_failovers(inode->file) : 0;
	uint64_t new = now - MIN_OF(now, inode->moved.failovers);

	inode->moved.failovers += new;
	return new;
}

static void count(struct inode *inode, const struct volume_moved *m)
{
	struct volume *vol = inode->vol;
	uint64_t failovers;

	pthread_mutex_lock(&inode->lock);
	failovers = new_failovers_locked(inode);
	io_moved_add(&inode->moved.copies, &m->copies);
	inode->moved.read_bytes += m->read_bytes;
	inode->moved.written_bytes += m->written_bytes;
	pthread_mutex_unlock(&inode->lock);
	pthread_mutex_lock(&vol->moved_lock);
	io_moved_add(&vol->moved.copies, &m->copies);
	vol->moved.read_bytes += m->read_bytes;
	vol->moved.written_bytes += m->written_bytes;
	vol->moved.failovers += failovers;
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
	ssize_t n = file_read(h->file, h->mirror_id, buf, len_bytes, offset);

	if (n > 0)
		count(h->inode, &(struct volume_moved){ .read_bytes = (uint64_t)n });
	return n;
}

int handle_seek(struct handle *h, uint64_t offset, int whence, uint64_t *ret_offset)
{
	return file_seek(h->file, h->mirror_id, offset, whence, ret_offset);
}

/* ---- writing ---- */

static ssize_t run_write(struct change *c)
{
	return file_write(c->h->file, c->h->mirror_id, c->buf, c->len_bytes, c->offset);
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
	int err = file_fallocate(c->h->file, c->h->mirror_id, c->mode, c->offset, c->len_bytes);

	return err ? err : (ssize_t)c->len_bytes;
}

int handle_fallocate(struct handle *h, int mode, uint64_t offset, uint64_t len_bytes)
{
	struct change c = {
		.h = h, .run = run_fallocate, .offset = offset, .len_bytes = len_bytes, .mode = mode
	};

	ssize_t n = change_run(&c);

	return n < 0 ? (int)n : 0;
}

static ssize_t run_copy(struct change *c)
{
	return file_copy_range(&c->copy, &c->moved);
}

/* How much of the range there is: no objects for what isn't there to be copied. */
static int clamp_to_source(struct handle *src, uint64_t offset, uint64_t *len_bytes)
{
	struct file_attr attr;
	int err = file_stat(src->file, src->mirror_id, &attr);

	if (err)
		return err;
	/* Where an OST can't be asked, the known size may not be the end. */
	if (!attr.complete && offset >= attr.size_bytes)
		return file_size_unknown(src->file, src->mirror_id, "the end of the source");
	if (offset >= attr.size_bytes)
		*len_bytes = 0;
	else
		*len_bytes = MIN_OF(MIN_OF(*len_bytes, attr.size_bytes - offset), COPY_MAX_BYTES);
	return 0;
}

/* A copy stays near its source, where it can share its extents. Not a victim: it's made to move;
 * nor a mirror, which is to be elsewhere. */
static struct layout *near_layout(struct handle *src, const struct handle *dst)
{
	return dst->inode->victim || src->file == dst->file ? NULL : file_layout(src->file);
}

static bool has_mirrors(struct file *f)
{
	CLEANUP_LAYOUT struct layout *l = file_layout(f);

	return l && l->mirror_count > 1;
}

/* Mirrors are physical copies, of one another and of what a victim that is to become one is made
 * of. */
static bool mustnt_share(const struct handle *src, const struct handle *dst)
{
	return dst->mirror_id != FILE_WHOLE || follow_state_is_physical(src->inode) ||
	       (src->file == dst->file && has_mirrors(src->file));
}

ssize_t handle_copy_range(struct handle *src, uint64_t src_offset, struct handle *dst,
			  uint64_t dst_offset, uint64_t len_bytes)
{
	struct change c = { .h = dst, .run = run_copy, .offset = dst_offset };
	bool followed = src->hidden || dst->hidden;
	ssize_t n;
	int err = clamp_to_source(src, src_offset, &len_bytes);

	if (err || len_bytes == 0)
		return err;
	c.len_bytes = len_bytes;
	c.copy = (struct file_copy){
		.src = src->file,
		.dst = dst->file,
		.src_mirror_id = src->mirror_id,
		.dst_mirror_id = dst->mirror_id,
		.src_offset = src_offset,
		.dst_offset = dst_offset,
		.len_bytes = len_bytes,
		.ladder = &dst->inode->vol->ladder,
		.deadline_ns = clock_now_ns() + (followed ? COPY_FOLLOWED_TIME_NS : COPY_TIME_NS),
		.no_share = mustnt_share(src, dst),
		.keep_source = follow_state_has_several(src->inode),
	};
	c.near = near_layout(src, dst);
	n = change_run(&c);
	layout_unref(c.near);
	count(dst->inode, &(struct volume_moved){ .copies = c.moved });
	if (src->inode != dst->inode)
		count(src->inode, &(struct volume_moved){ 0 });
	if (n > 0)
		handle_accessed(src);
	return n;
}

/* ftruncate(2) proper: instantiates, sets the modification time. */
static int truncate_file(struct inode *inode, uint64_t size_bytes)
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
	err = truncate_objects(inode, FILE_WHOLE, size_bytes);
	result.changed = !err || file_changes(f) != before;
	result.size_unclear = err && result.changed;
	if (!err) {
		result.sets_size = true;
		result.size_bytes = size_bytes;
	}
	saved_attr_end(inode, &result);
	return err;
}

static int truncate_mirror(struct handle *h, uint64_t size_bytes)
{
	int err = change_check_mirror(h);

	return err ? err : truncate_objects(h->inode, h->mirror_id, size_bytes);
}

int handle_truncate(struct handle *h, uint64_t size_bytes)
{
	if (h->hidden)
		return truncate_mirror(h, size_bytes);
	if (group_lock_holds_back(h->inode, h))
		return PARK_REQUEST;
	pthread_mutex_lock(&h->inode->lock);
	lease_break_locked(h->inode, h);
	pthread_mutex_unlock(&h->inode->lock);
	return truncate_file(h->inode, size_bytes);
}

int handle_flush(struct handle *h)
{
	if (writes_file(h))
		saved_attr_save(h->inode);
	return 0;
}

int handle_fsync(struct handle *h, bool data_only)
{
	int err = file_sync(h->file, h->mirror_id, data_only);

	if (!data_only)
		saved_attr_flush_mtime(h->inode);
	/* The layout that names the objects is on the MDT inode: it's part of the data. */
	return err ? err : inode_fsync(h->inode);
}

int handle_drop_cache(struct handle *h)
{
	return file_drop_cache(h->file, h->mirror_id);
}

int handle_data_version(struct handle *h, uint64_t *ret_version, uint32_t *ret_layout_version)
{
	CLEANUP_LAYOUT struct layout *l = file_layout(h->file);

	*ret_version = file_data_version(h->file);
	*ret_layout_version = l ? l->gen : 0;
	return 0;
}

int handle_check_mirror(struct handle *h, uint32_t mirror_id, bool write)
{
	if (write)
		return file_check_writable(h->file, mirror_id);
	return file_check_readable(h->file, mirror_id);
}
