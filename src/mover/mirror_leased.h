/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Making and resyncing mirrors on file systems where copies can't follow a file: under a lease, which a
 * writer ends. For mirror_extend.c and mirror_resync.c.
 *
 * Whatever happens on the way, no mirror is marked as in sync that isn't: a lost lease, a signal and a
 * crash leave new mirrors out of the file, and stale ones stale.
 *
 * The lease is asked for ten times a second while data is copied, and once more before the end. New mirrors are
 * written to victims, which nobody else has: the merge takes the lease, and fails where it was lost. A resync
 * writes to the file itself, and may go on with that for a moment after the lease was lost. That is harmless,
 * as those mirrors are stale: nobody reads them, and what it has written is never marked. They stay stale
 * while it writes. Another's resync isn't granted as long as this one has the file open for writing; and
 * whatever else could bring them in sync, or give their objects away (a split), changes the layout, after which
 * writes bound to a mirror fail with -ESTALE. To ask before each write would promise no more: the lease can be
 * lost between the answer and the write.
 */
#ifndef LOVFS_MOVER_MIRROR_LEASED_H
#define LOVFS_MOVER_MIRROR_LEASED_H

#include "base/attr.h"
#include "fs/fs.h"
#include "mover/mirror_verbs.h"
#include "mover/subject.h"
#include "mover/sums_keep.h"

struct leased_extend {
	struct fs *fs;
	const struct mirror_options *opt;
	struct subject *file;  /* open for writing, no lease */
	const int *victim_fds; /* empty files with the layouts of the new mirrors */
	unsigned int count;
	struct sums_keep
		*sums; /* borrowed; after sums_keep_look(), and to be ended by the caller */
};

/*
 * Copies the file into all victims, reading it once, and merges one after the other, as each merge takes
 * the lease: in between the lease is taken again, and the data version tells whether what was copied is
 * still right; if not, what is left of the victims is copied again. (With several mirrors it is the
 * version of any one that is in sync: that of the file as it was copied, or of a victim that was merged.
 * After a write it is that of no mirror that is known.) -EBUSY: lease lost, or not to be had.
 * The text says how many were added, ret_result->mirrors too, which is filled on failure.
 */
int MUST_CHECK leased_extend_run(const struct leased_extend *e, struct mirror_result *ret_result);

/*
 * What is to be overwritten must not be taken for in sync meanwhile: those of the mirrors that aren't stale in
 * layout l become so. Before anything is marked: -EBUSY where somebody has the file open for writing, -ENODATA where
 * what they have is then in sync nowhere, or not in source_id if that isn't 0. -EIO: or can't be read there.
 */
int MUST_CHECK leased_make_stale(struct fs *fs, int fd, const struct layout *l, const uint32_t *ids,
				 unsigned int count, uint32_t source_id);

struct leased_resync {
	struct fs *fs;
	const struct mirror_options *opt;
	struct subject *file; /* open for writing; resync_begin() has been called */
	const uint32_t *ids;  /* of stale mirrors */
	unsigned int count;
	uint32_t source_id; /* the mirror to be read; 0: any that is in sync */
	enum mirror_compare compare;
	struct sums_keep
		*sums; /* borrowed; after sums_keep_look(), and to be ended by the caller */
};

/*
 * Brings the stale components of the mirrors up and marks them. Each range is read once for all of them. Of the mirrors
 * that may be read, one that can be is.
 * The lease is given up by that; on failure it is still the caller's, and *ret_failed the number of the mirror that
 * couldn't be written, or -1: not known.
 */
int MUST_CHECK leased_resync_run(const struct leased_resync *r, struct mirror_result *ret_result,
				 int *ret_failed);

#endif
