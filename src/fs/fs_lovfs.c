/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fs/fs_lovfs.h"

#include "base/error.h"
#include "base/sys.h"
#include "fs/ask.h"
#include "fs/fs_lovfs_mirror.h"
#include "fs/layout_xattr.h"
#include "lovfs_ioctl.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define HINT_MAX 300

/* ---- layouts ---- */

static int lovfs_layout_get(struct fs *fs UNUSED, int fd, struct layout **ret_layout)
{
	int err = layout_xattr_get(fd, ret_layout);

	/* Of a file whose size isn't known the kernel can't be asked; the owner and root can ask us. */
	if (err == -EIO && !layout_xattr_get_named(fd, LOVFS_OWNERS_LAYOUT_XATTR, ret_layout))
		return 0;
	return err;
}

static int lovfs_layout_set(struct fs *fs UNUSED, int fd, const struct layout *l)
{
	return layout_xattr_set(fd, l);
}

static int lovfs_layout_unset(struct fs *fs UNUSED, int fd)
{
	int err = sys_removexattr_fd(fd, LOVFS_LAYOUT_XATTR);

	if (err == -ENODATA)
		return fail(err, "has no default layout");
	return err ? fail_sys(err, "cannot remove the default layout") : 0;
}

/* ---- files ---- */

static int lovfs_fid_get(struct fs *fs UNUSED, int fd, struct fid *ret_fid)
{
	char text[FID_TEXT_MAX + 1] = "";
	int err = ask_fid(fd, ret_fid);
	ssize_t n = -ENODATA;

	if (err == -EBADF) /* O_PATH: it can't be opened */
		n = sys_getxattr_fd(fd, LOVFS_OWNERS_FID_XATTR, text, FID_TEXT_MAX);
	return n > 0 && fid_parse(text, ret_fid) == 0 ? 0 : err;
}

/* A volume has one. */
static int lovfs_mdt_index(struct fs *fs UNUSED, int fd UNUSED, uint32_t *ret_index)
{
	*ret_index = 0;
	return 0;
}

/* The name is of the form that Lustre's tools use: MDT index, a random number, and which file it is
 * for. */
static int lovfs_victim_open(struct fs *fs, int dirfd, int src_fd, const struct layout *l,
			     int *ret_fd)
{
	CLEANUP_FD int fd = -1;
	char name[64];
	uint32_t r;
	int err;

	if (getrandom(&r, sizeof(r), 0) != sizeof(r))
		return fail_sys(-errno, "cannot get a random number");
	snprintf(name, sizeof(name), LOVFS_VICTIM_PREFIX "%04X:%08" PRIx32 ":fd=%02d", 0U, r,
		 src_fd);
	fd = sys_openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail_sys(fd, "cannot make a temporary file in its directory");
	err = l ? lovfs_layout_set(fs, fd, l) : 0;
	if (err)
		return err;
	*ret_fd = fd_steal(&fd);
	return 0;
}

/* The daemon remembers what it said of it. */
static void lovfs_hint(struct fs *fs UNUSED, int fd, int err, char *ret_text, size_t size)
{
	struct lovfs_ioc_trouble trouble;
	char why[sizeof(trouble.why) + 1];

	*ret_text = '\0';
	memset(&trouble, 0, sizeof(trouble));
	trouble.err = (__u32)-err;
	if (err >= 0 || sys_ioctl(fd, LOVFS_IOC_TROUBLE, &trouble))
		return;
	ask_take_text(why, sizeof(why), trouble.why, sizeof(trouble.why));
	if (*why)
		snprintf(ret_text, size, " (%s)", why);
}

static int dirty_pages(int fd, int err)
{
	char why[HINT_MAX];

	lovfs_hint(NULL, fd, err, why, sizeof(why));
	return fail_sys(err, "cannot write out its dirty pages%s", why);
}

/*
 * Also where writers are held back: stores into mappings aren't. But not by fsync(2), which takes the
 * inode's lock, and a writer that is held back may own that.
 */
static int lovfs_data_version(struct fs *fs UNUSED, int fd, bool held UNUSED, uint64_t *ret_version)
{
	struct lovfs_ioc_data_version v;
	int err = sys_finish_writeback(fd, 0, 0);

	if (err)
		return dirty_pages(fd, err);
	memset(&v, 0, sizeof(v));
	err = ask_ioctl(fd, LOVFS_IOC_DATA_VERSION, &v, "ask for its data version");
	if (!err)
		*ret_version = v.version;
	return err;
}

/* First what the daemon has: reading ahead could bring that back into the kernel's pages. */
static int lovfs_drop_cache(struct fs *fs UNUSED, int fd)
{
	int err = ask_ioctl(fd, LOVFS_IOC_DROP_CACHE, NULL, "take it out of the cache");

	if (!err) {
		err = sys_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		if (err)
			fail_sys(err, "cannot take it out of the cache");
	}
	return err;
}

static int lovfs_lease_get(struct fs *fs UNUSED, int fd)
{
	struct lovfs_ioc_lease lease;
	int err;

	memset(&lease, 0, sizeof(lease));
	lease.mode = LOVFS_LEASE_READ;
	err = ask_ioctl(fd, LOVFS_IOC_LEASE_GET, &lease, "get a lease");
	return err == -EBUSY ? fail(err, "is open for writing elsewhere") : err;
}

static int lovfs_lease_check(struct fs *fs UNUSED, int fd)
{
	struct lovfs_ioc_lease lease;
	int err;

	memset(&lease, 0, sizeof(lease));
	err = ask_ioctl(fd, LOVFS_IOC_LEASE_CHECK, &lease, "check its lease");
	if (err)
		return err;
	if (lease.mode == LOVFS_LEASE_NONE)
		return fail(-EBUSY, "was opened for writing or truncated meanwhile: lease lost");
	return 0;
}

static void lovfs_lease_put(struct fs *fs UNUSED, int fd)
{
	(void)!sys_ioctl(fd, LOVFS_IOC_LEASE_PUT, NULL);
}

static int lovfs_group_lock(struct fs *fs UNUSED, int fd, uint32_t gid)
{
	struct lovfs_ioc_group_lock lock;
	int err;

	memset(&lock, 0, sizeof(lock));
	lock.gid = gid;
	err = ask_ioctl(fd, LOVFS_IOC_GROUP_LOCK, &lock, "take its group lock");
	return err == -EBUSY ? fail(err, "its group lock is held: another migrate of it is "
					 "running, or a resync")
			     : err;
}

static int lovfs_group_unlock(struct fs *fs UNUSED, int fd, uint32_t gid)
{
	struct lovfs_ioc_group_lock lock;

	memset(&lock, 0, sizeof(lock));
	lock.gid = gid;
	return ask_ioctl(fd, LOVFS_IOC_GROUP_UNLOCK, &lock, "give up its group lock");
}

/* Writers that wait have the inode's lock, which fsync takes too: so that is done before. What is dirtied
 * later changes the data version. */
static int lovfs_open_source(struct fs *fs, int fd, int *ret_fd)
{
	int err = sys_fsync(fd);

	if (err)
		return dirty_pages(fd, err);
	return fs_lovfs_mirror_open(fs, fd, 0, O_RDWR, ret_fd);
}

static int lovfs_swap(struct fs *fs UNUSED, int fd, int victim_fd, const struct fs_swap *req)
{
	struct lovfs_ioc_swap swap;
	int err;

	memset(&swap, 0, sizeof(swap));
	err = ask_ioc_fid(victim_fd, &swap.victim);
	if (err)
		return err;
	swap.flags = req->close_lease ? LOVFS_SWAP_LEASE : 0;
	swap.file_version = req->file_version;
	swap.victim_version = req->victim_version;
	err = ask_ioctl(fd, LOVFS_IOC_SWAP, &swap, "swap its layout");
	return err ? err : ask_outcome(swap.result, swap.why, sizeof(swap.why), "swap its layout");
}

/* ---- the volume ---- */

static int lovfs_moved(struct fs *fs UNUSED, int fd, struct fs_moved *ret_moved)
{
	struct lovfs_ioc_moved m;
	int err;

	memset(&m, 0, sizeof(m));
	err = ask_ioctl(fd, LOVFS_IOC_MOVED, &m, "ask how bytes moved");
	if (err)
		return err;
	*ret_moved = (struct fs_moved){
		.shared_bytes = m.shared_bytes,
		.kernel_bytes = m.kernel_bytes,
		.user_bytes = m.user_bytes,
		.direct_bytes = m.direct_bytes,
		.hole_bytes = m.hole_bytes,
		.read_bytes = m.read_bytes,
		.written_bytes = m.written_bytes,
		.failovers = m.failovers,
	};
	return 0;
}

static int lovfs_target(struct fs *fs, uint32_t index, struct fs_target *ret_target)
{
	struct lovfs_ioc_target t;
	int err;

	memset(&t, 0, sizeof(t));
	t.index = index == FS_TARGET_MDT ? LOVFS_TARGET_MDT : index;
	err = ask_ioctl(fs->root_fd, LOVFS_IOC_TARGET, &t, "ask for its OSTs");
	if (err)
		return err;
	*ret_target = (struct fs_target){
		.index = index,
		.inactive = t.state & LOVFS_TARGET_INACTIVE,
		.no_create = t.state & LOVFS_TARGET_NO_CREATE,
		.read_only = t.state & LOVFS_TARGET_READ_ONLY,
		.total_bytes = t.total_bytes,
		.free_bytes = t.free_bytes,
		.avail_bytes = t.avail_bytes,
		.total_inodes = t.total_inodes,
		.free_inodes = t.free_inodes,
		.device = t.device,
	};
	ask_take_text(ret_target->path, sizeof(ret_target->path), t.path, sizeof(t.path));
	ask_take_text(ret_target->why, sizeof(ret_target->why), t.why, sizeof(t.why));
	return 0;
}

static int lovfs_pool(struct fs *fs, uint32_t position, struct fs_pool *ret_pool)
{
	struct lovfs_ioc_pool p;
	int err;

	memset(&p, 0, sizeof(p));
	p.position = position;
	err = ask_ioctl(fs->root_fd, LOVFS_IOC_POOL, &p, "ask for its OST pools");
	if (err)
		return err;
	memset(ret_pool, 0, sizeof(*ret_pool));
	ask_take_text(ret_pool->name, sizeof(ret_pool->name), p.name, sizeof(p.name));
	ret_pool->member_count = (uint32_t)MIN_OF((size_t)p.member_count, ARRAY_SIZE(p.members));
	for (uint32_t i = 0; i < ret_pool->member_count; i++)
		ret_pool->members[i] = p.members[i];
	return 0;
}

static int lovfs_choice(struct fs *fs, uint32_t position, struct fs_choice *ret_choice)
{
	struct lovfs_ioc_choice c;
	int err;

	memset(&c, 0, sizeof(c));
	c.position = position;
	err = ask_ioctl(fs->root_fd, LOVFS_IOC_CHOICE, &c, "ask how it copies between devices");
	if (err)
		return err;
	*ret_choice = (struct fs_choice){ c.src_device, c.dst_device, c.kernel_bytes_per_s,
					  c.direct_bytes_per_s };
	return 0;
}

static const struct fs_ops lovfs_ops = {
	.name = "lovfs",
	.layout_get = lovfs_layout_get,
	.layout_set = lovfs_layout_set,
	.layout_unset = lovfs_layout_unset,
	.fid_get = lovfs_fid_get,
	.mdt_index = lovfs_mdt_index,
	.victim_open = lovfs_victim_open,
	.drop_cache = lovfs_drop_cache,
	.data_version = lovfs_data_version,
	.lease_get = lovfs_lease_get,
	.lease_check = lovfs_lease_check,
	.lease_put = lovfs_lease_put,
	.group_lock = lovfs_group_lock,
	.group_unlock = lovfs_group_unlock,
	.open_source = lovfs_open_source,
	.swap = lovfs_swap,
	.follow_begin = fs_lovfs_mirror_follow_begin,
	.follow_next = fs_lovfs_mirror_follow_next,
	.follow_copied = fs_lovfs_mirror_follow_copied,
	.follow_end = fs_lovfs_mirror_follow_end,
	.mirror_open = fs_lovfs_mirror_open,
	.mirror_check = fs_lovfs_mirror_check,
	.mirrors_synced = fs_lovfs_mirror_synced,
	.merge = fs_lovfs_mirror_merge,
	.split = fs_lovfs_mirror_split,
	.component_flags = fs_lovfs_mirror_component_flags,
	.moved = lovfs_moved,
	.choice = lovfs_choice,
	.hint = lovfs_hint,
	.target = lovfs_target,
	.pool = lovfs_pool,
};

int fs_lovfs_init(struct fs *fs, int root_fd)
{
	struct lovfs_ioc_info info;
	int err;

	memset(&info, 0, sizeof(info));
	err = sys_ioctl(root_fd, LOVFS_IOC_INFO, &info);
	if (err == -ENOSYS || err == -EINVAL || err == -EOPNOTSUPP)
		err = -ENOTTY;
	if (err < 0)
		return fail_sys(err, "cannot ask its file system");
	if (info.abi_version != LOVFS_ABI_VERSION)
		return fail(-EOPNOTSUPP,
			    "is on a lovfs volume served by another version (interface %" PRIu32
			    ", not %d)",
			    info.abi_version, LOVFS_ABI_VERSION);
	fs->ops = &lovfs_ops;
	fs->ost_count = info.ost_count;
	fs->pool_count = info.pool_count;
	fs->pools_known = true;
	fs->default_stripe_size = LAYOUT_DEFAULT_STRIPE_SIZE;
	fs->default_stripe_count = LAYOUT_DEFAULT_STRIPE_COUNT;
	fs->copying = FS_COPYING_RANGE;
	fs->copy_threads = 2;
	fs->merge_max = LOVFS_MIRRORS_MAX;
	ask_take_text(fs->fsname, sizeof(fs->fsname), info.fsname, sizeof(info.fsname));
	return 0;
}
