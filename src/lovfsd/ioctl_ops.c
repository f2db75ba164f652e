/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ioctls of lovfs_ioctl.h. Each has a row in a table: which descriptors it is for, and what
 * answers it. A row's function gets the struct as the caller sent it, or zeros where it only asks,
 * and fills it in place.
 */
#include "lovfsd/ops.h"

#include "base/error.h"
#include "commit/swap.h"
#include "inode/group_lock.h"
#include "inode/inode.h"
#include "inode/inode_named.h"
#include "inode/inode_number.h"
#include "inode/lease.h"
#include "inode/moved_bytes.h"
#include "lovfsd/ioctl_mirrors.h"
#include "lovfsd/ioctl_tell.h"
#include "lovfsd/pages.h"
#include "lovfsd/reply.h"
#include "lovfsd/session.h"
#include "volume/conf.h"
#include "volume/follow_session.h"
#include "volume/handle.h"
#include "volume/volume.h"

#include <errno.h>
#include <linux/ioctl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int get_info(const struct ioctl_call *c)
{
	const struct conf *conf = volume_conf(c->s->volume);
	struct lovfs_ioc_info *info = &c->data->info;

	info->abi_version = LOVFS_ABI_VERSION;
	info->ost_count = conf->ost_count;
	info->pool_count = conf->pool_count;
	info->flags = conf->privileged ? LOVFS_INFO_PRIVILEGED : 0;
	snprintf(info->fsname, sizeof(info->fsname), "%s", conf->fsname);
	snprintf(info->uuid, sizeof(info->uuid), "%s", conf->uuid);
	return 0;
}

static int get_mdt(struct volume *vol, struct lovfs_ioc_target *t)
{
	struct statvfs st;
	dev_t dev;
	int err = volume_mdt_statvfs(vol, &st, &dev);

	if (err)
		return err;
	t->total_bytes = (uint64_t)st.f_blocks * st.f_frsize;
	t->free_bytes = (uint64_t)st.f_bfree * st.f_frsize;
	t->avail_bytes = (uint64_t)st.f_bavail * st.f_frsize;
	t->total_inodes = st.f_files;
	t->free_inodes = st.f_ffree;
	t->device = dev;
	snprintf(t->path, sizeof(t->path), "%s", volume_mdt_path(vol));
	return 0;
}

static void get_ost(struct ost *ost, struct lovfs_ioc_target *t)
{
	struct ost_space space = { 0 };

	snprintf(t->path, sizeof(t->path), "%s", ost_path(ost));
	if (ost_active(ost) && ost_get_space(ost, 0, &space) == 0) {
		t->total_bytes = space.total_bytes;
		t->free_bytes = space.free_bytes;
		t->avail_bytes = space.avail_bytes;
		t->total_inodes = space.total_inodes;
		t->free_inodes = space.free_inodes;
		t->device = ost_device(ost);
	}
	/* Asking may have found that it is gone. */
	if (!ost_active(ost)) {
		t->state |= LOVFS_TARGET_INACTIVE;
		snprintf(t->why, sizeof(t->why), "%s", ost_why(ost));
	} else if (!ost_may_create(ost)) {
		t->state |= LOVFS_TARGET_NO_CREATE;
		t->state |= ost_refusal(ost) == -EROFS ? LOVFS_TARGET_READ_ONLY : 0;
		snprintf(t->why, sizeof(t->why), "%s", ost_why_no_create(ost));
	}
}

static int get_target(const struct ioctl_call *c)
{
	struct lovfs_ioc_target *t = &c->data->target;
	uint32_t index = t->index;
	struct ost *ost;

	*t = (struct lovfs_ioc_target){ .index = index };
	if (index == LOVFS_TARGET_MDT)
		return get_mdt(c->s->volume, t);
	ost = volume_ost(c->s->volume, index);
	if (!ost)
		return fail(-ENODEV, "there is no OST %u", index);
	get_ost(ost, t);
	return 0;
}

static int get_pool(const struct ioctl_call *c)
{
	const struct conf *conf = volume_conf(c->s->volume);
	struct lovfs_ioc_pool *p = &c->data->pool;
	uint32_t position = p->position;
	const struct conf_pool *pool;

	_Static_assert(ARRAY_SIZE(c->data->pool.members) >= CONF_OSTS_MAX,
		       "a pool of all OSTs fits");
	if (position >= conf->pool_count)
		return fail(-ENODEV, "there is no pool at position %u", position);
	pool = &conf->pools[position];
	*p = (struct lovfs_ioc_pool){ .position = position, .member_count = pool->member_count };
	snprintf(p->name, sizeof(p->name), "%s", pool->name);
	for (uint32_t i = 0; i < pool->member_count; i++)
		p->members[i] = (uint16_t)pool->members[i];
	return 0;
}

static int get_fid(const struct ioctl_call *c)
{
	struct fid fid;
	int err = inode_get_fid(c->inode, &fid);

	if (err)
		return err;
	c->data->fid = (struct lovfs_ioc_fid){ .seq = fid.seq, .oid = fid.oid, .ver = fid.ver };
	inode_named(c->inode);
	return 0;
}

static int get_data_version(const struct ioctl_call *c)
{
	uint64_t version;
	uint32_t layout_version;
	int err = handle_data_version(c->h, &version, &layout_version);

	if (err == 0)
		c->data->data_version =
			(struct lovfs_ioc_data_version){ .version = version,
							 .layout_version = layout_version };
	return err;
}

static int check_group_id(const struct lovfs_ioc_group_lock *lock)
{
	return lock->gid && !lock->reserved ? 0 : fail(-EINVAL, "group lock: bad number");
}

static int group_lock(const struct ioctl_call *c)
{
	int err = check_group_id(&c->data->group_lock);

	return err ? err : group_lock_take(c->h, c->data->group_lock.gid);
}

static int group_unlock(const struct ioctl_call *c)
{
	int err = check_group_id(&c->data->group_lock);

	return err ? err : group_lock_release(c->h, c->data->group_lock.gid);
}

static int lease_get(const struct ioctl_call *c)
{
	const struct lovfs_ioc_lease *lease = &c->data->lease;

	if (lease->reserved ||
	    (lease->mode != LOVFS_LEASE_READ && lease->mode != LOVFS_LEASE_WRITE))
		return fail(-EINVAL, "lease: bad mode %u", lease->mode);
	return lease_take(c->h, lease->mode);
}

static int lease_check(const struct ioctl_call *c)
{
	c->data->lease = (struct lovfs_ioc_lease){ .mode = lease_held(c->h) };
	return 0;
}

static int lease_put(const struct ioctl_call *c)
{
	lease_drop(c->h);
	return 0;
}

/* A copy that followed the file has what the file had: pages stay. Of any other victim we don't know. */
static void tell_swapped(const struct ioctl_call *c, struct fid victim, bool is_copy)
{
	ioctl_tell_moved(c, handle_inode(c->h));
	if (is_copy)
		return;
	pages_drop_all(c->s->pages, handle_inode(c->h));
	ioctl_tell_other(c, victim);
}

static int swap_layouts(const struct ioctl_call *c)
{
	bool is_copy;
	int err;
	struct lovfs_ioc_swap *swap = &c->data->swap;
	struct swap_request req = {
		.victim = { .seq = swap->victim.seq,
			    .oid = swap->victim.oid,
			    .ver = swap->victim.ver },
		.close_lease = swap->flags & LOVFS_SWAP_LEASE,
		.file_version = swap->file_version,
		.victim_version = swap->victim_version,
		.uid = fuse_req_ctx(c->req)->uid,
	};

	if (swap->flags & ~(__u32)LOVFS_SWAP_LEASE)
		return fail(-EINVAL, "swap: unknown flags 0x%x", swap->flags);
	memset(swap->why, 0, sizeof(swap->why));
	is_copy = follow_session_has_victim(c->h, req.victim);
	err = swap_commit(c->h, &req);
	swap->result = reply_errno(err);
	if (err)
		snprintf(swap->why, sizeof(swap->why), "%s", error_text(err));
	else
		tell_swapped(c, req.victim, is_copy);
	return 0;
}

static int get_moved(const struct ioctl_call *c)
{
	struct volume_moved moved;

	if (c->h)
		handle_get_moved(c->h, &moved);
	else
		volume_get_moved(c->s->volume, &moved);
	c->data->moved = (struct lovfs_ioc_moved){
		.shared_bytes = moved.copies.bytes[IO_SHARE],
		.kernel_bytes = moved.copies.bytes[IO_KERNEL],
		.user_bytes = moved.copies.bytes[IO_URING] + moved.copies.bytes[IO_RW],
		.direct_bytes = moved.copies.direct_bytes,
		.hole_bytes = moved.copies.hole_bytes,
		.read_bytes = moved.read_bytes,
		.written_bytes = moved.written_bytes,
		.failovers = moved.failovers,
	};
	return 0;
}

static int get_choice(const struct ioctl_call *c)
{
	struct lovfs_ioc_choice *out = &c->data->choice;
	struct io_choice choice;
	enum contest_way way;
	int err = volume_choice(c->s->volume, out->position, &choice);

	if (err)
		return err;
	out->src_device = choice.src;
	out->dst_device = choice.dst;
	if (contest_decided(&choice.contest, &way)) {
		out->kernel_bytes_per_s = choice.contest.best_bytes_per_s[CONTEST_KERNEL];
		out->direct_bytes_per_s = choice.contest.best_bytes_per_s[CONTEST_URING];
	}
	return 0;
}

static int drop_cache(const struct ioctl_call *c)
{
	return handle_drop_cache(c->h);
}

enum ioctl_place { ANYWHERE, ON_FILES, ON_WRITABLE_FILES };

static const struct ioctl_row {
	unsigned int cmd;
	enum ioctl_place place;
	int (*answer)(const struct ioctl_call *c);
	const char *what;
} rows[] = {
	{ LOVFS_IOC_INFO, ANYWHERE, get_info, "ioctl info" },
	{ LOVFS_IOC_TARGET, ANYWHERE, get_target, "ioctl target" },
	{ LOVFS_IOC_POOL, ANYWHERE, get_pool, "ioctl pool" },
	{ LOVFS_IOC_FID, ANYWHERE, get_fid, "ioctl fid" },
	{ LOVFS_IOC_DATA_VERSION, ON_FILES, get_data_version, "ioctl data version" },
	{ LOVFS_IOC_GROUP_LOCK, ON_WRITABLE_FILES, group_lock, "ioctl group lock" },
	{ LOVFS_IOC_GROUP_UNLOCK, ON_WRITABLE_FILES, group_unlock, "ioctl group unlock" },
	{ LOVFS_IOC_LEASE_GET, ON_FILES, lease_get, "ioctl lease get" },
	{ LOVFS_IOC_LEASE_CHECK, ON_FILES, lease_check, "ioctl lease check" },
	{ LOVFS_IOC_LEASE_PUT, ON_FILES, lease_put, "ioctl lease put" },
	{ LOVFS_IOC_SWAP, ON_WRITABLE_FILES, swap_layouts, "ioctl swap" },
	{ LOVFS_IOC_MOVED, ANYWHERE, get_moved, "ioctl moved" },
	{ LOVFS_IOC_CHOICE, ANYWHERE, get_choice, "ioctl choice" },
	{ LOVFS_IOC_DROP_CACHE, ON_FILES, drop_cache, "ioctl drop cache" },
	{ LOVFS_IOC_FOLLOW_BEGIN, ON_WRITABLE_FILES, ioctl_follow_begin, "ioctl follow begin" },
	{ LOVFS_IOC_FOLLOW_NEXT, ON_WRITABLE_FILES, ioctl_follow_next, "ioctl follow next" },
	{ LOVFS_IOC_FOLLOW_COPIED, ON_WRITABLE_FILES, ioctl_follow_copied, "ioctl follow copied" },
	{ LOVFS_IOC_FOLLOW_END, ON_FILES, ioctl_follow_end, "ioctl follow end" },
	{ LOVFS_IOC_SYNCED, ON_WRITABLE_FILES, ioctl_synced, "ioctl synced" },
	{ LOVFS_IOC_MERGE, ON_WRITABLE_FILES, ioctl_merge, "ioctl merge" },
	{ LOVFS_IOC_SPLIT, ON_WRITABLE_FILES, ioctl_split, "ioctl split" },
	{ LOVFS_IOC_COMPONENT_FLAGS, ON_FILES, ioctl_component_flags, "ioctl component flags" },
	{ LOVFS_IOC_CHECK_MIRROR, ON_FILES, ioctl_check_mirror, "ioctl check mirror" },
	{ LOVFS_IOC_TROUBLE, ON_FILES, ioctl_trouble, "ioctl trouble" },
};

static const struct ioctl_row *find_row(unsigned int cmd)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].cmd == cmd)
			return &rows[i];
	}
	return NULL;
}

static int check_place(const struct ioctl_row *row, const struct handle *h)
{
	if (row->place == ANYWHERE)
		return 0;
	if (!h)
		return -ENOTTY;
	if (row->place == ON_WRITABLE_FILES && !handle_writable(h))
		return fail(-EBADF, "not open for writing");
	return 0;
}

/* The kernel passes as many bytes as the number says; a caller with another idea of the struct has
 * another number. */
static int check_sizes(const struct ioctl_row *row, size_t in_bytes, size_t out_bytes)
{
	size_t size = _IOC_SIZE(row->cmd);
	size_t in = _IOC_DIR(row->cmd) & _IOC_WRITE ? size : 0;
	size_t out = _IOC_DIR(row->cmd) & _IOC_READ ? size : 0;

	return in_bytes == in && out_bytes == out && size <= sizeof(union ioctl_data) ? 0 : -EINVAL;
}

static void op_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned int cmd, void *arg UNUSED,
		     struct fuse_file_info *fi, unsigned int flags, const void *in_buf,
		     size_t in_bytes, size_t out_bytes)
{
	union ioctl_data data;
	struct session *s = session_begin(req);
	struct ioctl_call c = {
		.s = s,
		.req = req,
		.inode = session_inode(s, ino),
		.h = flags & FUSE_IOCTL_DIR ? NULL : open_file_of(fi->fh)->handle,
		.data = &data,
	};
	const struct ioctl_row *row = find_row(cmd);
	int err = row ? check_place(row, c.h) : -ENOTTY;

	if (err == 0)
		err = check_sizes(row, in_bytes, out_bytes);
	if (err == 0) {
		memset(&data, 0, sizeof(data));
		if (in_bytes)
			memcpy(&data, in_buf, in_bytes);
		err = row->answer(&c);
	}
	if (err)
		reply_err(req, err, c.inode, row ? row->what : "ioctl");
	else
		fuse_reply_ioctl(req, 0, &data, out_bytes);
}

void ioctl_ops_fill(struct fuse_lowlevel_ops *ops)
{
	ops->ioctl = op_ioctl;
}
