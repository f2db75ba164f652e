/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Destroys files that have no name and are not open: objects first, then the inode in PENDING. A
 * thread of its own does it in batches, because names must be gone durably (one fsync for each
 * batch) before objects go: otherwise a power loss could bring back a name without its data.
 *
 * After a crash everything to be destroyed is still in PENDING. What can't be destroyed now (an
 * inactive OST) stays there for the next recovery.
 */
#ifndef LOVFS_COMMIT_REAPER_H
#define LOVFS_COMMIT_REAPER_H

#include "base/attr.h"
#include "base/fid.h"

struct reaper; /* opaque */
struct volume;

int MUST_CHECK reaper_start(struct volume *vol, struct reaper **ret_reaper);
/* Destroys what is queued, ends the thread and frees. NULL is fine. */
void reaper_stop(struct reaper *r);

/* PENDING/<fid> is to be destroyed. Without memory it stays in PENDING until the next recovery. */
void reaper_add(struct reaper *r, struct fid fid);

/*
 * A file's last name is gone, and it is in PENDING: it is destroyed now if nobody has it open,
 * otherwise at its last close. No lock of an inode is held.
 */
void reaper_orphan(struct volume *vol, struct fid fid);

/* Waits until all that was added before has been dealt with. */
void reaper_drain(struct reaper *r);

#endif
