/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Making inodes as somebody else: owner, group, set-group-id rules and default ACLs are then the
 * kernel's own doing.
 *
 * Between creator_enter() and creator_leave() the calling thread, and only that, has the creator's
 * file system user and group id, no supplementary groups, and the creator's umask. Of root's rights
 * over files it keeps those to pass directories and to make device nodes: what the caller may do
 * there, the mount's kernel has checked. Source: setfsuid(2), capabilities(7), umask(2),
 * unshare(2).
 *
 * The first call in a thread takes that thread's umask and working directory apart from those of
 * the other threads for good (CLONE_FS), and as root drops the thread's supplementary groups.
 */
#ifndef LOVFS_MDT_CREATOR_H
#define LOVFS_MDT_CREATOR_H

#include "base/attr.h"

#include <stdbool.h>
#include <sys/types.h>

/* Who makes a new inode. Where the caller is root and privileged, the inode gets these ids,
 * otherwise the process's own. */
struct mdt_creator {
	uid_t uid;
	gid_t gid;
	mode_t umask; /* ignored where the directory has a default ACL, as umask(2) says */
};

struct creator_saved {
	bool switched;
	uid_t uid;
	gid_t gid;
	mode_t umask;
};

/* Without `privileged`, or where the process isn't root, only the umask is changed. -EPERM: the ids
 * can't be had; nothing is changed then. */
int MUST_CHECK creator_enter(const struct mdt_creator *who, bool privileged,
			     struct creator_saved *ret_saved);
void creator_leave(const struct creator_saved *saved);

#endif
