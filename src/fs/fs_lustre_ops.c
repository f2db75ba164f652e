/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fs/fs_lustre_ops.h"

#include "base/error.h"
#include "base/sys.h"
#include "fs/fs_lustre.h"
#include "fs/fs_lustre_file.h"
#include "fs/fs_lustre_flags.h"
#include "fs/fs_lustre_mirror.h"
#include "fs/fs_lustre_reach.h"
#include "fs/fs_lustre_targets.h"
#include "fs/mountpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* open(2) flags that mean: make no objects yet (O_LOV_DELAY_CREATE). */
#define DELAY_CREATE (O_NOCTTY | FASYNC)

/* ---- files ---- */

static int lustre_layout_get(struct fs *fs UNUSED, int fd, struct layout **ret_layout)
{
	return fs_lustre_file_layout(fd, ret_layout);
}

static int lustre_layout_set(struct fs *fs UNUSED, int fd, const struct layout *l)
{
	return fs_lustre_file_set_layout(fd, l);
}

static int lustre_layout_unset(struct fs *fs UNUSED, int fd)
{
	return fs_lustre_unset_default(fd);
}

static int lustre_fid_get(struct fs *fs UNUSED, int fd, struct fid *ret_fid)
{
	return fs_lustre_file_fid(fd, ret_fid);
}

static int lustre_mdt_index(struct fs *fs UNUSED, int fd, uint32_t *ret_index)
{
	return fs_lustre_mdt_index(fd, ret_index);
}

static int lustre_victim_open(struct fs *fs, int dirfd, int src_fd, const struct layout *l,
			      int *ret_fd)
{
	return fs_lustre_file_victim(dirfd, src_fd, l, fs->data_flags | fs->create_flags, ret_fd);
}

/* Direct I/O reads what the OSTs have: there is nothing else that could be read. */
static int lustre_drop_cache(struct fs *fs UNUSED, int fd)
{
	int err = sys_fsync(fd);

	return err ? fail_sys(err, "cannot make it durable") : 0;
}

/* Taking the group lock has flushed everybody. */
static int lustre_data_version(struct fs *fs UNUSED, int fd, bool held, uint64_t *ret_version)
{
	return fs_lustre_data_version(fd, !held, ret_version);
}

static bool is_writable(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_ACCMODE) == O_RDWR;
}

/* A holder of a group lock or a lease may do everything by the same open file; another would be in the way of
 * a lease. */
static int lustre_open_source(struct fs *fs, int fd, int *ret_fd)
{
	int source =
		is_writable(fd) ? sys_dup(fd) : sys_reopen(fd, O_RDWR | O_NOATIME | fs->data_flags);

	if (source == -ETXTBSY)
		return fail(source, "is a program that is running now");
	if (source < 0)
		return fail_sys(source, "cannot open it for reading and writing%s",
				fs_lustre_hint(source));
	*ret_fd = source;
	return 0;
}

/* ---- leases and locks ---- */

static int lustre_lease_get(struct fs *fs UNUSED, int fd)
{
	return fs_lustre_lease_read(fd);
}

static int lustre_lease_check(struct fs *fs UNUSED, int fd)
{
	return fs_lustre_lease_check(fd);
}

static void lustre_lease_put(struct fs *fs UNUSED, int fd)
{
	fs_lustre_lease_put(fd);
}

static int lustre_group_lock(struct fs *fs UNUSED, int fd, uint32_t gid)
{
	return fs_lustre_group_lock(fd, gid);
}

static int lustre_group_unlock(struct fs *fs UNUSED, int fd, uint32_t gid)
{
	return fs_lustre_group_unlock(fd, gid);
}

static int lustre_swap(struct fs *fs UNUSED, int fd, int victim_fd, const struct fs_swap *req)
{
	if (req->close_lease)
		return fs_lustre_swap_leased(fd, victim_fd);
	return fs_lustre_swap(fd, victim_fd, req->file_version, req->victim_version);
}

/* ---- mirrors ---- */

static int lustre_mirror_open(struct fs *fs, int fd, uint32_t mirror_id, int flags, int *ret_fd)
{
	return fs_lustre_mirror_open(fs, fd, mirror_id, flags, ret_fd);
}

static int lustre_resync_begin(struct fs *fs UNUSED, int fd)
{
	return fs_lustre_lease_resync(fd);
}

static int lustre_mirror_bind(struct fs *fs UNUSED, int fd, uint32_t mirror_id)
{
	return fs_lustre_bind(fd, mirror_id);
}

static int lustre_resync_done(struct fs *fs UNUSED, int fd, const uint32_t *component_ids,
			      unsigned int count)
{
	return fs_lustre_resync_done(fd, component_ids, count);
}

static int lustre_merge(struct fs *fs UNUSED, int fd, const struct fs_merge *req)
{
	return fs_lustre_mirror_merge(fd, req);
}

static int lustre_split(struct fs *fs, int fd, uint32_t mirror_id, int target_fd, bool force)
{
	int err = force ? 0 : fs_lustre_reach_others(fs, fd, mirror_id);

	return err ? err : fs_lustre_mirror_split(fd, mirror_id, target_fd);
}

static void lustre_hint(struct fs *fs UNUSED, int fd UNUSED, int err, char *ret_text, size_t size)
{
	snprintf(ret_text, size, "%s", fs_lustre_hint(err));
}

/* ---- the file system ---- */

static int lustre_target(struct fs *fs, uint32_t index, struct fs_target *ret_target)
{
	return fs_lustre_targets_get(fs->fsname, index, ret_target);
}

static int lustre_pool(struct fs *fs, uint32_t position, struct fs_pool *ret_pool)
{
	bool known;
	int err = fs_lustre_targets_pool(fs->fsname, position, ret_pool, &known);

	return err ? fail(err, "there is no pool at position %" PRIu32, position) : 0;
}

static int lustre_moved(struct fs *fs UNUSED, int fd UNUSED, struct fs_moved *ret_moved UNUSED)
{
	return fail(-EOPNOTSUPP, "Lustre doesn't count how the bytes of copies move");
}

static const struct fs_ops lustre_ops = {
	.name = "lustre",
	.layout_get = lustre_layout_get,
	.layout_set = lustre_layout_set,
	.layout_unset = lustre_layout_unset,
	.fid_get = lustre_fid_get,
	.mdt_index = lustre_mdt_index,
	.victim_open = lustre_victim_open,
	.drop_cache = lustre_drop_cache,
	.data_version = lustre_data_version,
	.lease_get = lustre_lease_get,
	.lease_check = lustre_lease_check,
	.lease_put = lustre_lease_put,
	.group_lock = lustre_group_lock,
	.group_unlock = lustre_group_unlock,
	.open_source = lustre_open_source,
	.swap = lustre_swap,
	.mirror_open = lustre_mirror_open,
	.mirror_check = fs_lustre_reach_check,
	.resync_begin = lustre_resync_begin,
	.mirror_bind = lustre_mirror_bind,
	.resync_done = lustre_resync_done,
	.merge = lustre_merge,
	.split = lustre_split,
	.component_flags = fs_lustre_flags_set,
	.moved = lustre_moved,
	.hint = lustre_hint,
	.target = lustre_target,
	.pool = lustre_pool,
};

/* The fsname is in what is mounted: "10.0.0.1@tcp:10.0.0.2@tcp:/fsname", or "...:/fsname/directory". */
static int take_fsname(struct fs *fs)
{
	char source[512];
	const char *name;
	int err = mountpoint_source(fs->dev, source, sizeof(source));

	if (err)
		return err;
	name = strstr(source, ":/");
	if (!name || !name[2])
		return fail(-EPROTO, "what is mounted as '%.100s' has no fsname", source);
	name += 2;
	snprintf(fs->fsname, sizeof(fs->fsname), "%.*s", (int)strcspn(name, "/"), name);
	return 0;
}

static void count_pools(struct fs *fs, struct fs_pool *room)
{
	fs->pool_count = 0;
	while (!fs_lustre_targets_pool(fs->fsname, fs->pool_count, room, &fs->pools_known))
		fs->pool_count++;
}

int fs_lustre_ops_init(struct fs *fs)
{
	CLEANUP_FREE struct fs_pool *room = malloc(sizeof(*room));
	int err;

	if (!room)
		return fail(-ENOMEM, "no memory");
	err = take_fsname(fs);
	if (err)
		return err;
	fs->ops = &lustre_ops;
	fs->ost_count = fs_lustre_targets_count(fs->fsname);
	count_pools(fs, room);
	fs_lustre_targets_default(fs->fsname, &fs->default_stripe_size, &fs->default_stripe_count);
	fs->copying = FS_COPYING_STREAMS;
	fs->copy_threads = 4;
	fs->data_flags = O_DIRECT;
	fs->create_flags = DELAY_CREATE;
	fs->merge_max = 1;
	fs->special_components = true;
	return 0;
}
