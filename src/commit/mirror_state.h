/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * States of mirrors: commits by which mirrors become stale, or get other flags. Each is one step on
 * the MDT, the layout xattr, that is durable before anything relies on it.
 *
 * A mirror that becomes stale has its map before the xattr says so. A crash between the two leaves
 * a map of a mirror in sync, which the next one replaces.
 */
#ifndef LOVFS_COMMIT_MIRROR_STATE_H
#define LOVFS_COMMIT_MIRROR_STATE_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct file;
struct handle;
struct inode;
struct layout;

/* What a write has made stale: all but the primary, from one layout to the next, and file_changes()
 * then. */
struct stale_marks {
	struct layout *before, *now; /* owned; NULL: nothing */
	uint32_t primary;
	uint64_t changes;
};
/* Frees what it has; zeroed is fine. */
void mirror_state_release_marks(struct stale_marks *m);

/* Before a write of [start, end): the other mirrors are durably stale where it reaches, each with a
 * map. `end` may be LAYOUT_EOF. *ret_marks is zeroed or of an earlier call before; it is set where
 * this call has made something stale. */
int MUST_CHECK mirror_state_make_stale(struct inode *inode, uint64_t start, uint64_t end,
				       struct stale_marks *ret_marks);
/*
 * The write failed with err, before it wrote anything that the caller was told of. If nobody else
 * has changed anything since, the primary becomes stale, and what was in sync before is so again:
 * true, then the write is worth another attempt. False, and nothing is done, where no other mirror
 * can be read. Releases m; keeps the text of err.
 */
bool mirror_state_fail_over(struct inode *inode, struct stale_marks *m, int err);
/*
 * Sets another layout of the file: on the MDT inode, durably, then in memory. Caller holds the
 * commit_lock. On failure nothing has changed. Where what can't be made durable can't be put back,
 * either, it stays changed (logged), as if it had succeeded: the inode says so.
 */
int MUST_CHECK mirror_state_commit(struct inode *inode, struct file *f, const struct layout *l);
/* The first half: on the MDT inode. The caller sets it in memory. */
int MUST_CHECK mirror_state_store(struct inode *inode, const struct layout *before,
				  const struct layout *now);
/* The same for a layout (of mirror_change.h) by which mirrors become stale: each of those gets a
 * map by which all of it is out of date. What isn't durable has failed here, in any case. */
int MUST_CHECK mirror_state_commit_stale(struct inode *inode, struct file *f,
					 const struct layout *l);
/* The same for the file's state alone: not durably, as after a crash it says nothing. */
int MUST_CHECK mirror_state_set(struct inode *inode, struct file *f, const struct layout *l);

/*
 * Sets and clears flags (COMP_ of layout/layout.h) of the component of that id. uid is the
 * caller's. -EPERM: it is neither root nor the owner; -EBUSY: no other mirror in sync can be read.
 */
int MUST_CHECK mirror_state_set_flags(struct handle *h, uint32_t id, uint32_t set, uint32_t clear,
				      uid_t uid);

#endif
