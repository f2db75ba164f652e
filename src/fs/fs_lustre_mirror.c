/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fs/fs_lustre_mirror.h"

#include "base/error.h"
#include "base/sys.h"
#include "fs/fs_lustre.h"
#include "fs/layout_xattr.h"
#include "layout/mirror.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

/* ---- one mirror ---- */

/* Lustre takes any id, and fails at the first read. */
static int check_mirror(int fd, uint32_t mirror_id)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	int err = layout_xattr_get(fd, &l);

	if (!err && !mirror_exists(l, mirror_id))
		err = fail(-ENOENT, "has no mirror %" PRIu32, mirror_id);
	return err;
}

int fs_lustre_mirror_open(const struct fs *fs, int fd, uint32_t mirror_id, int flags, int *ret_fd)
{
	CLEANUP_FD int mirror = -1;
	int err;

	/* A second descriptor for writing would end the lease of a resync. */
	if (flags != O_RDONLY)
		return fail(-EINVAL, "mirror %" PRIu32 " is written by the resync's descriptor",
			    mirror_id);
	err = mirror_id ? check_mirror(fd, mirror_id) : 0;
	if (err)
		return err;
	mirror = sys_reopen(fd, O_RDONLY | O_NOATIME | fs->data_flags);
	if (mirror < 0)
		return fail_sys(mirror, "cannot open mirror %" PRIu32, mirror_id);
	err = mirror_id ? fs_lustre_bind(mirror, mirror_id) : 0;
	if (err)
		return err;
	*ret_fd = fd_steal(&mirror);
	return 0;
}

/* ---- more and fewer of them ---- */

static int count_mirrors(int fd, unsigned int *ret_count)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	int err = layout_xattr_get(fd, &l);

	if (!err)
		*ret_count = l->mirror_count;
	return err;
}

/*
 * A merge answers as if it had been done also where it was not: of a victim without a layout, or of a kind that
 * can't be merged. So the layout is asked. Where that can't be read, the answer is all that there is.
 */
static int check_merged(int fd, unsigned int before)
{
	unsigned int now;

	if (count_mirrors(fd, &now) || now > before)
		return 0;
	return fail(-EPROTO, "cannot add a mirror to it: it has %u mirror%s as before", now,
		    now == 1 ? "" : "s");
}

/* The same of a split. */
static int check_taken_out(int fd, uint32_t mirror_id)
{
	CLEANUP_LAYOUT struct layout *l = NULL;

	if (layout_xattr_get(fd, &l) || !mirror_exists(l, mirror_id))
		return 0;
	return fail(-EPROTO, "cannot take a mirror out of it: it still has mirror %" PRIu32,
		    mirror_id);
}

/* A file with a name, as victims are given composite ones: the answer would be no more than "invalid". */
static int check_composite(int victim_fd)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	int err = layout_xattr_get(victim_fd, &l);

	if (err == -ENODATA || (!err && l->kind == LAYOUT_COMPOSITE))
		return 0;
	return err ? err
		   : fail(-EINVAL,
			  "cannot add a mirror to it: the layout of the file that is to be the "
			  "mirror is plain, and Lustre takes composite ones (setstripe -E eof)");
}

int fs_lustre_mirror_merge(int fd, const struct fs_merge *req)
{
	unsigned int before;
	int err;

	if (req->victim_count != 1 || !req->close_lease)
		return fail(-EINVAL, "one mirror at a time, under a lease");
	err = check_composite(req->victim_fds[0]);
	if (!err)
		err = count_mirrors(fd, &before);
	if (!err)
		err = fs_lustre_merge(fd, req->victim_fds[0]);
	return err ? err : check_merged(fd, before);
}

/* Lustre leaves that to its tools. What is left must be in sync somewhere, as a whole. Under the lease nobody
 * changes it. */
static int check_not_last(int fd, uint32_t mirror_id)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	int err = layout_xattr_get(fd, &l);

	if (err)
		return err;
	if (!mirror_exists(l, mirror_id))
		return fail(-ENOENT, "has no mirror %" PRIu32, mirror_id);
	if (mirror_count_usable(l) == (mirror_usable(l, mirror_id) ? 1 : 0))
		return fail(-EBUSY, "mirror %" PRIu32 " is the last one that is in sync%s",
			    mirror_id,
			    mirror_usable(l, mirror_id) ? "" : ", or no other one is as a whole");
	return 0;
}

static const struct component *on_mdt(const struct layout *l, uint32_t mirror_id, bool that_one)
{
	for (uint32_t i = 0; i < l->count; i++) {
		const struct component *c = &l->comps[i];

		if (component_on_mdt(c) && (mirror_id_at(l, i) == mirror_id) == that_one &&
		    (that_one || !(c->flags & COMP_STALE)))
			return c;
	}
	return NULL;
}

/* Data on the MDT is the inode's own: mirrors there have the same, and it is cut off with the first that goes. */
static int check_not_shared(int fd, uint32_t mirror_id)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	const struct component *other;
	int err = layout_xattr_get(fd, &l);

	other = err ? NULL : on_mdt(l, mirror_id, false);
	if (!other || !on_mdt(l, mirror_id, true))
		return err;
	return fail(-EBUSY,
		    "mirror %" PRIu32 " shares its data on the MDT with mirror %" PRIu32
		    ", which would lose it: make that stale first (lov setstripe --component-set), "
		    "and resync it "
		    "afterwards",
		    mirror_id, component_mirror_id(other));
}

static int split_leased(int fd, uint32_t mirror_id, int target_fd)
{
	int err = check_not_last(fd, mirror_id);

	if (!err)
		err = check_not_shared(fd, mirror_id);
	if (!err)
		err = fs_lustre_split(fd, mirror_id, target_fd);
	return err ? err : check_taken_out(fd, mirror_id);
}

int fs_lustre_mirror_split(int fd, uint32_t mirror_id, int target_fd)
{
	char text[ERROR_TEXT_MAX];
	int err = fs_lustre_lease_write(fd);

	if (err)
		return err;
	err = split_leased(fd, mirror_id, target_fd);
	if (!err)
		return 0;
	snprintf(text, sizeof(text), "%s", error_text(err));
	fs_lustre_lease_put(fd);
	return fail(err, "%s", text);
}
