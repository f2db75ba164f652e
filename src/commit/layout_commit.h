/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The commit that swap, merge and split share: a file gets a new layout, each of its victims gets
 * another, and a crash leaves all of it or nothing. What is on disk meanwhile, and what recovery
 * makes of it, is in mdt/swap_intent.h.
 *
 * In this order: layout_commit_init(), layout_commit_add_victim() for each, layout_commit_run(),
 * layout_commit_release(), the last one also after a failure of any of them.
 */
#ifndef LOVFS_COMMIT_LAYOUT_COMMIT_H
#define LOVFS_COMMIT_LAYOUT_COMMIT_H

#include "base/attr.h"
#include "base/fid.h"
#include "layout/layout.h"

#include <stdbool.h>
#include <sys/types.h>

struct file;
struct handle;
struct inode;
struct volume;

struct layout_commit_victim {
	struct inode *inode; /* a reference */
	struct file *file;
	struct fid fid;
	struct layout *leave; /* what it is left with; a reference, of plan() */
};

struct layout_commit {
	struct volume *vol;
	struct inode *inode; /* the file; borrowed */
	struct file *file;
	struct layout_commit_victim victims[LAYOUT_MIRRORS_MAX];
	unsigned int count;
	struct layout *old; /* the file's, before; a reference */
	struct layout *new; /* and after; a reference, of plan() */

	/* Fills in `new` and every `leave`. No layout of any of the files can change meanwhile. */
	int (*plan)(struct layout_commit *x);
	/* Whether it may be done. Called twice: before anything is done, and again while operations on
	 * the files are held off, so that what is true then stays true. Takes no layout lock. */
	int (*check)(struct layout_commit *x);
	/* May be NULL. After the commit, with the file's commit_lock held and the intents still there. */
	void (*after)(struct layout_commit *x);
	const void *cookie; /* of the three */
	bool swaps;         /* the file gets other data, not only more or fewer copies of it */

	/* of layout_commit.c: */
	struct inode
		*order[LAYOUT_MIRRORS_MAX + 1]; /* file and victims by FID: the order of locks */
	bool committed;
	bool unsettled; /* it isn't known which layout the file durably has: the intents must stay */
};

/* For the file of h. -EBADF: h isn't open for writing; -EINVAL: it is of one mirror alone. */
int MUST_CHECK layout_commit_init(struct layout_commit *x, struct handle *h);

/* -ENOENT: there is no such file that is open for writing. -EINVAL: it is the file itself, or given
 * before. */
int MUST_CHECK layout_commit_add_victim(struct layout_commit *x, struct fid fid);

/* -EPERM: uid is neither root nor the file's owner, or a victim is another user's. */
int MUST_CHECK layout_commit_check_owners(const struct layout_commit *x, uid_t uid);

/* Makes the victims' data durable: before a layout names it. */
int MUST_CHECK layout_commit_sync_victims(const struct layout_commit *x);

/*
 * Does it. On success the layouts are exchanged, durably, and the data versions of all files have
 * changed. On failure nothing is. -EBUSY: an earlier one isn't finished.
 */
int MUST_CHECK layout_commit_run(struct layout_commit *x);

void layout_commit_release(struct layout_commit *x);

#endif
