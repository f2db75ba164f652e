/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fs/fs_lovfs_mirror.h"

#include "base/error.h"
#include "base/sys.h"
#include "fs/ask.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

_Static_assert(LOVFS_MIRRORS_MAX == LAYOUT_MIRRORS_MAX, "as many as a layout can have");
_Static_assert(LOVFS_RANGES_MAX == FS_RANGES_MAX, "what the daemon gives fits");

static int too_many(unsigned int count)
{
	return fail(-ERANGE, "%u mirrors: a file has at most %u", count, LAYOUT_MIRRORS_MAX);
}

static int take_fids(const int *fds, unsigned int count, struct lovfs_ioc_fid *ret_fids)
{
	if (count > LOVFS_MIRRORS_MAX)
		return too_many(count);
	for (unsigned int i = 0; i < count; i++) {
		int err = ask_ioc_fid(fds[i], &ret_fids[i]);

		if (err)
			return err;
	}
	return 0;
}

/* ---- following ---- */

int fs_lovfs_mirror_follow_begin(struct fs *fs UNUSED, int fd, const struct fs_follow *req)
{
	struct lovfs_ioc_follow f;
	int err;

	memset(&f, 0, sizeof(f));
	err = take_fids(req->victim_fds, req->victim_count, f.victims);
	if (err)
		return err;
	if (req->mirror_count > LOVFS_MIRRORS_MAX)
		return too_many(req->mirror_count);
	f.flags = (req->physical ? LOVFS_FOLLOW_PHYSICAL : 0) |
		  (req->whole ? LOVFS_FOLLOW_WHOLE : 0) |
		  (req->make_stale ? LOVFS_FOLLOW_STALE : 0);
	f.victim_count = req->victim_count;
	f.mirror_count = req->mirror_count;
	f.source_id = req->source_id;
	for (unsigned int i = 0; i < req->mirror_count; i++)
		f.mirror_ids[i] = req->mirror_ids[i];
	err = ask_ioctl(fd, LOVFS_IOC_FOLLOW_BEGIN, &f, "follow its changes");
	return err ? err : ask_outcome(f.result, f.why, sizeof(f.why), "follow its changes");
}

int fs_lovfs_mirror_follow_next(struct fs *fs UNUSED, int fd, uint32_t mirror_id, uint64_t from,
				uint64_t max_bytes, struct fs_changes *ret_changes)
{
	struct lovfs_ioc_follow_next next;
	int err;

	memset(&next, 0, sizeof(next));
	next.mirror_id = mirror_id;
	next.from = from;
	next.max_bytes = max_bytes;
	err = ask_ioctl(fd, LOVFS_IOC_FOLLOW_NEXT, &next, "ask what has changed");
	if (err)
		return err;
	if (next.range_count > LOVFS_RANGES_MAX)
		return fail(-EPROTO, "the daemon gave %" PRIu32 " ranges, at most %d fit",
			    next.range_count, LOVFS_RANGES_MAX);
	*ret_changes = (struct fs_changes){ .count = next.range_count,
					    .left_bytes = next.left_bytes,
					    .size_bytes = next.size_bytes };
	for (uint32_t i = 0; i < next.range_count; i++) {
		ret_changes->ranges[i] = (struct fs_range){
			.start = next.ranges[i].start,
			.end = next.ranges[i].end,
			.tail = next.ranges[i].flags & LOVFS_RANGE_TAIL,
		};
	}
	return 0;
}

int fs_lovfs_mirror_follow_copied(struct fs *fs UNUSED, int fd, uint32_t mirror_id,
				  const struct fs_range *range)
{
	struct lovfs_ioc_follow_copied copied;

	memset(&copied, 0, sizeof(copied));
	copied.mirror_id = mirror_id;
	copied.range.start = range->start;
	copied.range.end = range->end;
	copied.range.flags = range->tail ? LOVFS_RANGE_TAIL : 0;
	return ask_ioctl(fd, LOVFS_IOC_FOLLOW_COPIED, &copied, "report what was copied");
}

void fs_lovfs_mirror_follow_end(struct fs *fs UNUSED, int fd)
{
	(void)!sys_ioctl(fd, LOVFS_IOC_FOLLOW_END, NULL);
}

/* ---- mirrors ---- */

/* The number doesn't say which OST it is: that is asked. */
static int explain_open(struct fs *fs, int fd, uint32_t mirror_id, int err, const char *name)
{
	int cause = err == -EIO ? fs_lovfs_mirror_check(fs, fd, mirror_id, false) : 0;

	return cause ? cause : fail_sys(err, "cannot open %s under the volume's mount point", name);
}

int fs_lovfs_mirror_open(struct fs *fs, int fd, uint32_t mirror_id, int flags, int *ret_fd)
{
	char name[sizeof(LOVFS_HIDDEN_DIR) + FID_TEXT_MAX + 32], text[FID_TEXT_MAX];
	struct fid fid;
	int err = ask_fid(fd, &fid);
	int mirror;

	if (err)
		return err;
	snprintf(name, sizeof(name), LOVFS_HIDDEN_DIR "/mirror/%s/%" PRIu32, fid_text(fid, text),
		 mirror_id);
	mirror = sys_openat(fs->root_fd, name, flags, 0);
	if (mirror == -ENOENT && mirror_id)
		return fail(mirror, "has no mirror %" PRIu32, mirror_id);
	if (mirror < 0)
		return explain_open(fs, fd, mirror_id, mirror, name);
	*ret_fd = mirror;
	return 0;
}

int fs_lovfs_mirror_synced(struct fs *fs UNUSED, int fd, const uint32_t *mirror_ids,
			   unsigned int count)
{
	struct lovfs_ioc_synced synced;
	int err;

	if (count > LOVFS_MIRRORS_MAX)
		return too_many(count);
	memset(&synced, 0, sizeof(synced));
	synced.mirror_count = count;
	for (unsigned int i = 0; i < count; i++)
		synced.mirror_ids[i] = mirror_ids[i];
	err = ask_ioctl(fd, LOVFS_IOC_SYNCED, &synced, "mark its mirrors as in sync");
	return err ? err
		   : ask_outcome(synced.result, synced.why, sizeof(synced.why),
				 "mark its mirrors as in sync");
}

static int merge(int fd, const struct fs_merge *req)
{
	struct lovfs_ioc_merge merge;
	int err;

	memset(&merge, 0, sizeof(merge));
	err = take_fids(req->victim_fds, req->victim_count, merge.victims);
	if (err)
		return err;
	merge.victim_count = req->victim_count;
	merge.file_version = req->file_version;
	for (unsigned int i = 0; i < req->victim_count; i++)
		merge.victim_versions[i] = req->victim_versions[i];
	err = ask_ioctl(fd, LOVFS_IOC_MERGE, &merge, "add mirrors to it");
	return err ? err
		   : ask_outcome(merge.result, merge.why, sizeof(merge.why), "add mirrors to it");
}

/* A writer who comes between the check and the merge is told by the data version. */
int fs_lovfs_mirror_merge(struct fs *fs, int fd, const struct fs_merge *req)
{
	int err = req->close_lease ? fs->ops->lease_check(fs, fd) : 0;

	if (!err)
		err = merge(fd, req);
	if (!err && req->close_lease)
		fs->ops->lease_put(fs, fd);
	return err;
}

int fs_lovfs_mirror_check(struct fs *fs UNUSED, int fd, uint32_t mirror_id, bool write)
{
	struct lovfs_ioc_check_mirror check;
	char why[ERROR_TEXT_MAX];
	int err;

	memset(&check, 0, sizeof(check));
	check.mirror_id = mirror_id;
	check.flags = write ? LOVFS_CHECK_WRITE : 0;
	err = ask_ioctl(fd, LOVFS_IOC_CHECK_MIRROR, &check, "look at its mirrors");
	if (err || !check.result)
		return err;
	ask_take_text(why, sizeof(why), check.why, sizeof(check.why));
	return fail(check.result, "%s", why);
}

int fs_lovfs_mirror_split(struct fs *fs UNUSED, int fd, uint32_t mirror_id, int target_fd,
			  bool force)
{
	struct lovfs_ioc_split split;
	int err;

	memset(&split, 0, sizeof(split));
	split.mirror_id = mirror_id;
	split.flags = force ? LOVFS_SPLIT_FORCE : 0;
	err = ask_ioc_fid(target_fd, &split.target);
	if (!err)
		err = ask_ioctl(fd, LOVFS_IOC_SPLIT, &split, "take a mirror out of it");
	return err ? err
		   : ask_outcome(split.result, split.why, sizeof(split.why),
				 "take a mirror out of it");
}

int fs_lovfs_mirror_component_flags(struct fs *fs UNUSED, int fd, uint32_t id, uint32_t set,
				    uint32_t clear)
{
	struct lovfs_ioc_component_flags flags;
	int err;

	memset(&flags, 0, sizeof(flags));
	flags.id = id;
	flags.set = set;
	flags.clear = clear;
	err = ask_ioctl(fd, LOVFS_IOC_COMPONENT_FLAGS, &flags, "set its component flags");
	return err ? err
		   : ask_outcome(flags.result, flags.why, sizeof(flags.why),
				 "set its component flags");
}
