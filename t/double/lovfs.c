/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lovfs.h"

#include "double.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

int lovfs_ioctl(int fd, unsigned long request, void *arg)
{
	return real.ioctl(fd, request, arg) < 0 ? -errno : 0;
}

int lovfs_fid(int fd, struct lovfs_ioc_fid *ret_fid)
{
	return lovfs_ioctl(fd, LOVFS_IOC_FID, ret_fid);
}

int lovfs_data_version(int fd, struct lovfs_ioc_data_version *ret_version)
{
	memset(ret_version, 0, sizeof(*ret_version));
	return lovfs_ioctl(fd, LOVFS_IOC_DATA_VERSION, ret_version);
}

/* ---- leases ---- */

uint32_t lovfs_lease(int fd)
{
	struct lovfs_ioc_lease lease = { 0 };

	return lovfs_ioctl(fd, LOVFS_IOC_LEASE_CHECK, &lease) ? LOVFS_LEASE_NONE : lease.mode;
}

/* FUSE tells of a close after close(2) has returned. */
int lovfs_lease_get(int fd, uint32_t mode)
{
	const struct timespec nap = { .tv_nsec = 10000000 };
	struct lovfs_ioc_lease lease = { .mode = mode };
	int err = lovfs_ioctl(fd, LOVFS_IOC_LEASE_GET, &lease);

	for (int i = 0; err == -EBUSY && i < 20; i++) {
		nanosleep(&nap, NULL);
		err = lovfs_ioctl(fd, LOVFS_IOC_LEASE_GET, &lease);
	}
	return err;
}

void lovfs_lease_put(int fd)
{
	(void)!lovfs_ioctl(fd, LOVFS_IOC_LEASE_PUT, NULL);
}

/* ---- commits: the ioctl's error, or the one in the struct, whose reason goes to the log ---- */

static int outcome(const char *what, int err, int result, const char *why)
{
	if (!err && result)
		double_log("lovfs: %s: %.200s", what, why);
	return err ? err : result;
}

int lovfs_swap(int fd, int victim_fd, uint32_t flags, uint64_t file_version)
{
	struct lovfs_ioc_swap swap = { .flags = flags, .file_version = file_version };
	struct lovfs_ioc_data_version v;
	int err = lovfs_fid(victim_fd, &swap.victim);

	if (!err)
		err = lovfs_data_version(victim_fd, &v);
	if (err)
		return err;
	swap.victim_version = v.version;
	err = lovfs_ioctl(fd, LOVFS_IOC_SWAP, &swap);
	return outcome("swap", err, swap.result, swap.why);
}

int lovfs_merge(int fd, int victim_fd)
{
	struct lovfs_ioc_merge merge = { .victim_count = 1 };
	struct lovfs_ioc_data_version file, victim;
	int err = lovfs_fid(victim_fd, &merge.victims[0]);

	if (!err)
		err = lovfs_data_version(fd, &file);
	if (!err)
		err = lovfs_data_version(victim_fd, &victim);
	if (err)
		return err;
	merge.file_version = file.version;
	merge.victim_versions[0] = victim.version;
	err = lovfs_ioctl(fd, LOVFS_IOC_MERGE, &merge);
	return outcome("merge", err, merge.result, merge.why);
}

int lovfs_split(int fd, int target_fd, uint32_t mirror_id)
{
	struct lovfs_ioc_split split = { .mirror_id = mirror_id, .flags = LOVFS_SPLIT_FORCE };
	int err = lovfs_fid(target_fd, &split.target);

	if (err)
		return err;
	err = lovfs_ioctl(fd, LOVFS_IOC_SPLIT, &split);
	return outcome("split", err, split.result, split.why);
}

int lovfs_component_flags(int fd, uint32_t id, uint32_t set, uint32_t clear)
{
	struct lovfs_ioc_component_flags flags = { .id = id, .set = set, .clear = clear };
	int err = lovfs_ioctl(fd, LOVFS_IOC_COMPONENT_FLAGS, &flags);

	return outcome("component flags", err, flags.result, flags.why);
}

/* ---- following ---- */

/* A mirror that can't be written keeps lovfs from beginning, but not Lustre. */
static bool can_be_written(int fd, uint32_t mirror_id)
{
	struct lovfs_ioc_check_mirror check = { .mirror_id = mirror_id,
						.flags = LOVFS_CHECK_WRITE };

	return lovfs_ioctl(fd, LOVFS_IOC_CHECK_MIRROR, &check) || !check.result;
}

int lovfs_follow_begin(int fd, const uint32_t *mirror_ids, unsigned int count)
{
	struct lovfs_ioc_follow follow = { 0 };
	int err;

	for (unsigned int i = 0; i < count; i++) {
		if (can_be_written(fd, mirror_ids[i]))
			follow.mirror_ids[follow.mirror_count++] = mirror_ids[i];
	}
	err = lovfs_ioctl(fd, LOVFS_IOC_FOLLOW_BEGIN, &follow);
	return outcome("follow", err, follow.result, follow.why);
}

void lovfs_follow_end(int fd)
{
	(void)!lovfs_ioctl(fd, LOVFS_IOC_FOLLOW_END, NULL);
}

static int copied(int fd, const struct lovfs_ioc_follow_next *next)
{
	for (uint32_t i = 0; i < next->range_count; i++) {
		struct lovfs_ioc_follow_copied c = { .mirror_id = next->mirror_id,
						     .range = next->ranges[i] };
		int err = lovfs_ioctl(fd, LOVFS_IOC_FOLLOW_COPIED, &c);

		if (err)
			return err;
	}
	return 0;
}

int lovfs_all_copied(int fd, uint32_t mirror_id)
{
	struct lovfs_ioc_follow_next next;
	int err;

	do {
		memset(&next, 0, sizeof(next));
		next.mirror_id = mirror_id;
		next.max_bytes = UINT64_MAX;
		err = lovfs_ioctl(fd, LOVFS_IOC_FOLLOW_NEXT, &next);
		if (!err)
			err = copied(fd, &next);
	} while (!err && next.range_count);
	return err;
}

int lovfs_synced(int fd, const uint32_t *mirror_ids, unsigned int count)
{
	struct lovfs_ioc_synced synced = { .mirror_count = count };
	int err;

	memcpy(synced.mirror_ids, mirror_ids, count * sizeof(*mirror_ids));
	err = lovfs_ioctl(fd, LOVFS_IOC_SYNCED, &synced);
	return outcome("synced", err, synced.result, synced.why);
}

/* ---- files ---- */

int lovfs_open_mirror(const struct lovfs_ioc_fid *fid, uint32_t id, int flags)
{
	char name[128];
	int fd;

	snprintf(name, sizeof(name),
		 LOVFS_HIDDEN_DIR "/mirror/[0x%" PRIx64 ":0x%" PRIx32 ":0x%" PRIx32 "]/%" PRIu32,
		 (uint64_t)fid->seq, fid->oid, fid->ver, id);
	fd = real.openat(double_mount()->root_fd, name, flags | O_CLOEXEC);
	return fd < 0 ? -errno : double_hide_fd(fd);
}

int lovfs_open_victim(void)
{
	char name[64];
	uint32_t r = 0;
	int fd;

	(void)!getrandom(&r, sizeof(r), 0);
	snprintf(name, sizeof(name), LOVFS_VICTIM_PREFIX "0000:%08x:fd=00", r);
	fd = real.openat(double_mount()->root_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
			 0600);
	return fd < 0 ? -errno : double_hide_fd(fd);
}

ssize_t lovfs_layout(const char *path, void *buf, size_t size)
{
	ssize_t n = real.getxattr(path, LOVFS_LAYOUT_XATTR, buf, size);

	return n < 0 ? -errno : n;
}
