/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Brings copies of a file up to it while others write to it: stale mirrors, or victims that are to
 * take its place or become its mirrors.
 *
 * In passes: what is out of date is copied and made durable; what was written meanwhile is out of
 * date again and is copied in the next pass. A range is read once for all copies that need it:
 * piece after piece, each piece to all of them. Once what is left is at most FOLLOW_LAST_BYTES,
 * writers are held back by a group lock, that is copied too, and `commit` is called: nothing of the
 * file can change then (but by stores into shared mappings, which the commit notices: -EAGAIN, and
 * it is tried again). Writers wait for this last step only.
 *
 * Killed half way: of mirrors, what was reported as copied needs no copying again; victims go.
 */
#ifndef LOVFS_MOVER_FOLLOW_H
#define LOVFS_MOVER_FOLLOW_H

#include "base/attr.h"
#include "fs/fs.h"
#include "io/bandwidth.h"

#include <stdatomic.h>

/* Most that is copied while writers wait. Without a limit it doubles with each of the later passes:
 * who rewrites a small file all the time would else be faster than any copying. */
#define FOLLOW_LAST_BYTES (4u << 20)
#define FOLLOW_LAST_BYTES_MAX (32u << 20)
#define FOLLOW_PASSES_MAX 10u /* then -EAGAIN: writers are faster */
#define FOLLOW_COMMITS_MAX 5  /* attempts of the last step */

struct follow_copy {
	uint32_t mirror_id; /* 0: a victim */
	int fd; /* of a victim: borrowed; open for reading and writing. A mirror is opened here */
};

struct follow_job {
	struct fs *fs;
	/* Of open_source(): the file is followed, locked and read through it. Nothing else of this
	 * process may have the file open. */
	int source_fd;
	int read_fd; /* where the data is read: source_fd, or one mirror's (then with `check`) */
	const struct follow_copy *copies;
	unsigned int count; /* 1 to LAYOUT_MIRRORS_MAX; all mirrors, or all victims */
	struct fs_follow begin;
	unsigned int threads;    /* copying; 1 to TRANSFER_THREADS_MAX */
	struct bandwidth *limit; /* may be NULL */
	atomic_bool *stop;       /* may be NULL */
	/*
	 * Called after ranges were read and before they are reported as copied, and before commit:
	 * whether what read_fd gave is the file's data. Anything but 0 ends it. May be NULL.
	 */
	int (*check)(void *cookie);
	/*
	 * Called with writers held back when the copies are like the file, of the same size and
	 * durable. file_version is the data version of what was copied. -EAGAIN: something changed.
	 */
	int (*commit)(void *cookie, uint64_t file_version);
	/* done_bytes <= total_bytes, which grows with what is written meanwhile. In the caller's
	 * thread, about ten times a second and once at the end. May be NULL. */
	void (*progress)(uint64_t done_bytes, uint64_t total_bytes, void *cookie);
	void *cookie;
};

struct follow_result {
	uint64_t copied_bytes; /* sum over passes and copies, holes included */
	uint64_t user_bytes;   /* of them, read and written here */
	uint64_t hole_bytes;   /* of them, large holes that were passed over */
	unsigned int passes;   /* that had something to copy; the last step isn't one */
	uint64_t held_ns;      /* the longest that writers were held back */
	/* On failure: number of the copy that couldn't be written, or -1 where that isn't known.
	 * (It may be that the file couldn't be read for it.) */
	int failed_copy;
};

/*
 * -ECANCELED: *stop. -EAGAIN: writers were faster. -EBUSY: another follows the file, or has its
 * group lock. Otherwise what a copy or `commit` failed with. Writers are never held back when it
 * returns, and nothing follows the file any more. *ret_result is set on failure, too. Of mirrors,
 * what was copied and reported needs no copying again: it can be run once more without the one that
 * failed.
 */
int MUST_CHECK follow_run(const struct follow_job *job, struct follow_result *ret_result);

#endif
