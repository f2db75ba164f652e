/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ioctls about mirrors, and about copies that follow a file: lovfs_ioctl.h to handle.h and back. */
#include "lovfsd/ioctl_mirrors.h"

#include "base/error.h"
#include "base/log.h"
#include "commit/merge.h"
#include "commit/mirror_state.h"
#include "commit/resync_done.h"
#include "commit/split.h"
#include "inode/inode.h"
#include "lovfsd/ioctl_tell.h"
#include "lovfsd/pages.h"
#include "lovfsd/reply.h"
#include "lovfsd/session.h"
#include "volume/follow_begin.h"
#include "volume/follow_session.h"
#include "volume/handle.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define WHY_MAX 256

_Static_assert(LOVFS_MIRRORS_MAX == LAYOUT_MIRRORS_MAX, "the ABI has room for all mirrors");

static struct fid fid_of(const struct lovfs_ioc_fid *f)
{
	return (struct fid){ .seq = f->seq, .oid = f->oid, .ver = f->ver };
}

static uid_t uid_of(const struct ioctl_call *c)
{
	return fuse_req_ctx(c->req)->uid;
}

/* The answer of those that say in the struct what came of them. */
static void set_result(const struct ioctl_call *c, int err, __s32 *result, char why[WHY_MAX])
{
	memset(why, 0, WHY_MAX);
	*result = reply_errno(err);
	if (!err)
		return;
	snprintf(why, WHY_MAX, "%s", error_text(err));
	if (err == -EIO || err == -EUCLEAN)
		log_error("inode %p: %s", (void *)c->inode, why);
}

static int check_count(unsigned int count)
{
	return count <= LOVFS_MIRRORS_MAX ? 0
					  : fail(-EINVAL, "%u are too many, the limit is %u", count,
						 LOVFS_MIRRORS_MAX);
}

/* ---- following ---- */

#define FOLLOW_FLAGS (LOVFS_FOLLOW_PHYSICAL | LOVFS_FOLLOW_WHOLE | LOVFS_FOLLOW_STALE)

static int begin_following(const struct ioctl_call *c, const struct lovfs_ioc_follow *follow)
{
	struct fid victims[LOVFS_MIRRORS_MAX];
	struct follow_request req = {
		.physical = follow->flags & LOVFS_FOLLOW_PHYSICAL,
		.whole = follow->flags & LOVFS_FOLLOW_WHOLE,
		.make_stale = follow->flags & LOVFS_FOLLOW_STALE,
		.mirror_ids = follow->mirror_ids,
		.mirror_count = follow->mirror_count,
		.source_id = follow->source_id,
		.victims = victims,
		.victim_count = follow->victim_count,
		.uid = uid_of(c),
	};
	int err = check_count(follow->mirror_count);

	if (!err)
		err = check_count(follow->victim_count);
	if (!err && ((follow->flags & ~(__u32)FOLLOW_FLAGS) || follow->reserved))
		err = fail(-EINVAL, "follow: unknown flags 0x%x", follow->flags);
	if (err)
		return err;
	for (unsigned int i = 0; i < follow->victim_count; i++)
		victims[i] = fid_of(&follow->victims[i]);
	return follow_begin(c->h, &req);
}

int ioctl_follow_begin(const struct ioctl_call *c)
{
	struct lovfs_ioc_follow *follow = &c->data->follow;

	set_result(c, begin_following(c, follow), &follow->result, follow->why);
	return 0;
}

int ioctl_follow_next(const struct ioctl_call *c)
{
	struct lovfs_ioc_follow_next *next = &c->data->follow_next;
	struct dirty_range ranges[LOVFS_RANGES_MAX];
	uint64_t left, size;
	unsigned int count;
	int err = follow_session_next(c->h, next->mirror_id, next->from, next->max_bytes, ranges,
				      LOVFS_RANGES_MAX, &count, &left, &size);

	if (err)
		return err;
	memset(next->ranges, 0, sizeof(next->ranges));
	for (unsigned int i = 0; i < count; i++)
		next->ranges[i] = (struct lovfs_ioc_range){
			.start = ranges[i].start,
			.end = ranges[i].end,
			.flags = ranges[i].tail ? LOVFS_RANGE_TAIL : 0,
		};
	next->range_count = count;
	next->left_bytes = left;
	next->size_bytes = size;
	return 0;
}

int ioctl_follow_copied(const struct ioctl_call *c)
{
	const struct lovfs_ioc_follow_copied *copied = &c->data->follow_copied;
	struct dirty_range range = {
		.start = copied->range.start,
		.end = copied->range.end,
		.tail = copied->range.flags & LOVFS_RANGE_TAIL,
	};

	if (copied->reserved || copied->range.reserved ||
	    (copied->range.flags & ~(__u32)LOVFS_RANGE_TAIL))
		return fail(-EINVAL, "copied: bad range");
	return follow_session_copied(c->h, copied->mirror_id, &range);
}

int ioctl_follow_end(const struct ioctl_call *c)
{
	follow_session_end(c->h);
	return 0;
}

/* ---- commits ---- */

int ioctl_synced(const struct ioctl_call *c)
{
	struct lovfs_ioc_synced *synced = &c->data->synced;
	int err = check_count(synced->mirror_count);

	if (!err)
		err = resync_done_commit(c->h, synced->mirror_ids, synced->mirror_count);
	set_result(c, err, &synced->result, synced->why);
	if (!err)
		ioctl_tell_moved(c, handle_inode(c->h));
	return 0;
}

static int merge(const struct ioctl_call *c, const struct lovfs_ioc_merge *ioc)
{
	struct fid victims[LOVFS_MIRRORS_MAX];
	uint64_t versions[LOVFS_MIRRORS_MAX];
	struct merge_request req = {
		.victims = victims,
		.victim_versions = versions,
		.victim_count = ioc->victim_count,
		.file_version = ioc->file_version,
		.uid = uid_of(c),
	};
	int err = check_count(ioc->victim_count);

	if (err)
		return err;
	for (unsigned int i = 0; i < ioc->victim_count; i++) {
		victims[i] = fid_of(&ioc->victims[i]);
		versions[i] = ioc->victim_versions[i];
	}
	err = merge_commit(c->h, &req);
	for (unsigned int i = 0; !err && i < ioc->victim_count; i++)
		ioctl_tell_other(c, victims[i]);
	return err;
}

int ioctl_merge(const struct ioctl_call *c)
{
	struct lovfs_ioc_merge *ioc = &c->data->merge;
	int err = merge(c, ioc);

	set_result(c, err, &ioc->result, ioc->why);
	if (!err)
		ioctl_tell_moved(c, handle_inode(c->h));
	return 0;
}

int ioctl_split(const struct ioctl_call *c)
{
	struct lovfs_ioc_split *split = &c->data->split;
	const struct split_request req = {
		.mirror_id = split->mirror_id,
		.target = fid_of(&split->target),
		.force = split->flags & LOVFS_SPLIT_FORCE,
		.uid = uid_of(c),
	};
	int err;

	if (split->reserved || (split->flags & ~(__u32)LOVFS_SPLIT_FORCE))
		err = fail(-EINVAL, "split: unknown flags 0x%x", split->flags);
	else
		err = split_commit(c->h, &req);
	set_result(c, err, &split->result, split->why);
	if (!err) {
		ioctl_tell_other(c, req.target);
		ioctl_tell_moved(c, handle_inode(c->h));
	}
	return 0;
}

int ioctl_component_flags(const struct ioctl_call *c)
{
	struct lovfs_ioc_component_flags *flags = &c->data->component_flags;
	int err = mirror_state_set_flags(c->h, flags->id, flags->set, flags->clear, uid_of(c));

	set_result(c, err, &flags->result, flags->why);
	return 0;
}

/* ---- what is wrong ---- */

int ioctl_check_mirror(const struct ioctl_call *c)
{
	struct lovfs_ioc_check_mirror *check = &c->data->check_mirror;
	int err;

	if (check->reserved || (check->flags & ~(__u32)LOVFS_CHECK_WRITE))
		return fail(-EINVAL, "check: unknown flags 0x%x", check->flags);
	err = handle_check_mirror(c->h, check->mirror_id, check->flags & LOVFS_CHECK_WRITE);
	memset(check->why, 0, sizeof(check->why));
	check->result = reply_errno(err);
	if (err)
		snprintf(check->why, sizeof(check->why), "%s", error_text(err));
	return 0;
}

int ioctl_trouble(const struct ioctl_call *c)
{
	struct lovfs_ioc_trouble *trouble = &c->data->trouble;
	struct fid fid;
	int err = inode_get_fid(c->inode, &fid);

	memset(trouble->why, 0, sizeof(trouble->why));
	if (!err)
		failures_find(&c->s->failures, fid, -(int)trouble->err, trouble->why,
			      sizeof(trouble->why));
	return err;
}
