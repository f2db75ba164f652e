/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Moves a file's data to new objects: another layout, other OSTs, or the same layout elsewhere. The
 * file stays the same inode: names, owner, mode, xattrs, hard links and times are kept.
 *
 * The data is copied into a victim, a file without a name in the same directory that has the new
 * layout; then the file and the victim swap layouts in one step, if the file's data has not changed
 * since the copy began, and the victim goes with the old objects. Until the swap nothing has
 * happened to the file. A failure, a signal or a crash before it leaves the file as it was; the
 * victim goes when its descriptor is closed, by the kernel if need be.
 *
 * What is done about writers meanwhile:
 *   live      (the default where the file system can) they go on; what they change is copied again, in
 *             passes, until so little is left that they are held back for it (mover/follow.h).
 *             -EAGAIN where they are faster than the copying
 *   block     a group lock: others' writes wait until the end. Stores into shared mappings don't;
 *             where one is noticed, the copy is done again, MIGRATE_ATTEMPTS times in all
 *   nonblock  a lease: nobody waits; a writer that has the file open, or opens it, ends the migrate
 *             with -EBUSY. What keeps a writer's data is that the swap takes the lease and fails where it
 *             was lost. To ask for the lease meanwhile, ten times a second, only saves a copy that is of
 *             no use any more
 *
 * To a layout of which more or less is on the MDT than now it's another way, in all modes as with
 * nonblock: a mirror is made and the old one removed (mover/migrate_to_mdt.h). A crash may leave both,
 * in sync or one of them stale, or the file without its part on the MDT; so may a failure, which says
 * so then. After a swap that takes all data from the MDT the times may be lost, which the text says;
 * the file has its new layout then.
 *
 * Source: `lfs migrate` of Lustre (migrate_nonblock(), migrate_block(), lfs_migrate_to_dom()).
 */
#ifndef LOVFS_MOVER_MIGRATE_H
#define LOVFS_MOVER_MIGRATE_H

#include "base/attr.h"
#include "fs/fs.h"
#include "io/bandwidth.h"
#include "mover/copy_memory.h"

#define MIGRATE_ATTEMPTS 3

/* LIVE is BLOCK where the file system has no means to follow a file. */
enum migrate_mode { MIGRATE_LIVE, MIGRATE_BLOCK, MIGRATE_NONBLOCK };

/* Where the new layout comes from. */
enum migrate_layout {
	MIGRATE_LAYOUT_GIVEN, /* options.request; NULL: as it is, in new objects */
	MIGRATE_LAYOUT_AUTO,  /* as it is, but plain, with a stripe count by size: sqrt(GiB) + 1 */
	MIGRATE_LAYOUT_RESTRIPE, /* what a new file in the directory would get */
};

struct migrate_options {
	const struct layout *request; /* borrowed; checked against the file system by the caller */
	enum migrate_layout layout;
	enum migrate_mode mode;
	/* The copy is read back, from where it is stored, and compared before it takes the file's place;
	 * writers are held back meanwhile in LIVE, too. -EBADMSG: it differs. */
	bool verify;
	unsigned int threads; /* copying; 1 to TRANSFER_THREADS_MAX, 0: as the file system has it */
	struct bandwidth *limit;    /* borrowed; may be NULL */
	struct copy_memory *memory; /* borrowed; may be NULL: what one file may have */
	atomic_bool *stop; /* borrowed; may be NULL: -ECANCELED soon after it becomes true */
	/* As in mover/transfer.h; total_bytes is the file's size, with `verify` twice that: what is read
	 * back counts, too. May be NULL. */
	void (*progress)(uint64_t done_bytes, uint64_t total_bytes, void *cookie);
	void *cookie;
};

struct migrate_result {
	uint64_t size_bytes;
	uint64_t elapsed_ns;
	struct fs_moved moved; /* how the bytes moved; of the last attempt */
	bool verified;
	bool offloaded; /* the file system moves data by itself; otherwise it all passed here */
	unsigned int attempts;
	unsigned int passes; /* live: how often what had changed was copied */
	uint64_t held_ns;    /* longest time that a writer can have been held back */
	const char *step;    /* the step that failed, or the last one. Constant text */
};

/*
 * Migrates the file at `path`, which is on fs. Symbolic links aren't followed. *ret_result is
 * filled as far as it is known, also on failure. Only the file's owner and root may. -EISDIR,
 * -ELOOP, -EINVAL not a regular file. -EPERM another's file. -ETXTBSY a running program. -EBUSY
 * lease or lock held or lost. -EBADMSG the copy differs when it is read back. -EAGAIN changed during the copy. -ECANCELED. -ENOSPC. Text always;
 * the file is as it was.
 */
int MUST_CHECK migrate_file(struct fs *fs, const char *path, const struct migrate_options *opt,
			    struct migrate_result *ret_result);

#endif
