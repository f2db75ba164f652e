/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One OST: a directory that holds objects.
 *
 *   DIR/label            which volume and index this is (text: "lovfs-ost 1\nuuid UUID\nindex N\n")
 *   DIR/LAST_ID          bound of object ids given out (base/idfile.h)
 *   DIR/O/<seq>/d<oid % 32>/<oid>    objects; seq in hex, oid in decimal as Lustre's OSTs have them
 *
 * An object's id is a FID [seq:oid:0]; seq is 0x240000400 + index * 0x40000000 + (number >> 32),
 * oid the low 32 bits of the number from LAST_ID. Each object carries its parent in the xattr
 * `trusted.fid` (`user.fid` on an unprivileged volume, and on NFS and SMB, which have no others),
 * in Lustre's format (struct filter_fid): parent FID whose ver is the stripe index, stripe size,
 * stripe count, component start, end, id.
 *
 * A directory that is missing, has no label or a foreign one makes the OST *inactive*: all
 * operations give -EIO with text, and nothing is ever written into it. An active OST whose
 * directory turns out to be gone (no longer at its path, or without its label) becomes inactive for
 * good; that is looked at when free space is asked for, at most a second before an object is
 * created, and when an object isn't found.
 *
 * An id that this OST can't have given out is -EUCLEAN everywhere. An open OST keeps up to 33
 * descriptors.
 */
#ifndef LOVFS_OST_OST_H
#define LOVFS_OST_OST_H

#include "base/attr.h"
#include "base/fid.h"
#include "base/idfile.h"
#include "ost/label.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct ost; /* opaque; any thread may call on it */

/*
 * Opens the OST. Always gives one, -ENOMEM apart: where the directory or label isn't right, an
 * inactive one (ost_why() says why). xattrs are trusted. or user. by `privileged`.
 */
int MUST_CHECK ost_open(const char *path, const struct ost_label *expected, bool privileged,
			struct ost **ret_ost);
void ost_free(struct ost *ost);

uint32_t ost_index(const struct ost *ost);
const char *ost_path(const struct ost *ost);
bool ost_active(const struct ost *ost);
/* Why it is inactive; "" when active. Valid as long as the ost. */
const char *ost_why(const struct ost *ost);
/* Set by the administrator: no new objects here (existing ones stay readable and writable). */
void ost_set_degraded(struct ost *ost, bool no_create);
/* Whether new objects may be put here: active, not degraded, and not refusing. */
bool ost_may_create(const struct ost *ost);
/*
 * 0, or why the OST refuses new objects although it is there (a negative errno: EROFS, EACCES, EDQUOT,
 * EIO of a file system that has shut down ...). Found when an object can't be made; looked at again,
 * and taken back, when free space is asked for.
 */
int ost_refusal(const struct ost *ost);
/* Why ost_may_create() is false, of whichever kind; "" where it isn't. Valid as long as the ost. */
const char *ost_why_no_create(const struct ost *ost);
/* Whether making an object failed for a reason that another OST may not have: not memory or
 * descriptors of this process. */
bool ost_is_to_blame(int err);
/* A write to one of its objects failed in a way that new objects would meet too (EDQUOT, EROFS,
 * EIO): looks whether they would, at most once a second. */
void ost_suspect(struct ost *ost);
/* Device number of the directory's file system: the failure domain. 0 when inactive. */
dev_t ost_device(const struct ost *ost);
/* Whether that device is known to rotate; asked when the OST was opened. */
bool ost_rotational(const struct ost *ost);

/* Free space, at most max_age_ms old (0 = ask now). Inactive: -EIO. */
struct ost_space {
	uint64_t total_bytes, free_bytes,
		avail_bytes; /* avail: without what the file system keeps for root */
	uint64_t total_inodes,
		free_inodes; /* 0 and 0 where the file system has no such limit (Btrfs) */
};
int MUST_CHECK ost_get_space(struct ost *ost, unsigned int max_age_ms, struct ost_space *ret_space);

/*
 * Makes what was created and destroyed durable: fsync of the directories that changed since the
 * last time, which on XFS, ext4 and Btrfs is enough for the entries and inodes of new objects. Data
 * is the writer's to fsync. Nothing to do costs nothing.
 */
int MUST_CHECK ost_sync(struct ost *ost);

#endif
