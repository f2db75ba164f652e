/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fs/fs_lustre_reach.h"

#include "base/error.h"
#include "base/sys.h"
#include "fs/fs_lustre_mirror.h"
#include "fs/layout_xattr.h"
#include "layout/mirror.h"
#include "layout/raid0.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool has_objects(const struct layout *l, uint32_t idx, uint32_t mirror_id)
{
	const struct component *c = &l->comps[idx];

	return mirror_id_at(l, idx) == mirror_id && c->object_count && c->stripe_size;
}

static int check_active(struct fs *fs, uint32_t mirror_id, uint32_t ost_idx)
{
	struct fs_target target;

	if (fs->ops->target(fs, ost_idx, &target) || !target.inactive)
		return 0;
	return mirror_id ? fail(-EIO, "mirror %" PRIu32 ": OST %" PRIu32 " is inactive", mirror_id,
				ost_idx)
			 : fail(-EIO, "OST %" PRIu32 " is inactive", ost_idx);
}

static int check_all_active(struct fs *fs, const struct layout *l, uint32_t mirror_id)
{
	int err = 0;

	for (uint32_t i = 0; i < l->count; i++) {
		for (uint16_t k = 0;
		     !err && has_objects(l, i, mirror_id) && k < l->comps[i].object_count; k++)
			err = check_active(fs, mirror_id, l->comps[i].objects[k].ost_idx);
	}
	return err;
}

/* The first byte of the file, from the component's start on, that is in the object. */
static uint64_t first_byte(const struct component *c, uint16_t stripe)
{
	uint64_t before = raid0_object_size(c->stripe_size, c->object_count, stripe, c->start);

	return raid0_file_offset(c->stripe_size, c->object_count, stripe, before);
}

static int read_object(int fd, const struct layout *l, uint32_t idx, uint16_t stripe, void *block,
		       size_t size)
{
	const struct component *c = &l->comps[idx];
	uint64_t offset = first_byte(c, stripe);
	ssize_t n;

	if (offset >= c->end)
		return 0;
	n = sys_pread(fd, block, size, offset - offset % size);
	return n < 0 ? fail_sys((int)n, "mirror %" PRIu32 ": cannot read from OST %" PRIu32,
				mirror_id_at(l, idx), c->objects[stripe].ost_idx)
		     : 0;
}

static int read_all(int fd, const struct layout *l, uint32_t mirror_id)
{
	size_t size = (size_t)MAX_OF(sysconf(_SC_PAGESIZE), 4096L);
	CLEANUP_FREE void *block = NULL;
	int err = -posix_memalign(&block, size, size);

	for (uint32_t i = 0; i < l->count; i++) {
		for (uint16_t k = 0;
		     !err && has_objects(l, i, mirror_id) && k < l->comps[i].object_count; k++)
			err = read_object(fd, l, i, k, block, size);
	}
	return err;
}

static int check_mirror(struct fs *fs, int fd, const struct layout *l, uint32_t mirror_id,
			bool write)
{
	CLEANUP_FD int mirror = -1;
	int err = check_all_active(fs, l, mirror_id);

	if (err || write)
		return err;
	err = fs_lustre_mirror_open(fs, fd, mirror_id, O_RDONLY, &mirror);
	return err ? err : read_all(mirror, l, mirror_id);
}

static int check_any(struct fs *fs, int fd, const struct layout *then, uint32_t without, bool write)
{
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	unsigned int count = mirror_ids(then, ids);
	char why[ERROR_TEXT_MAX] = "";

	for (unsigned int i = 0; i < count; i++) {
		int err;

		if (ids[i] == without || !mirror_usable(then, ids[i]))
			continue;
		err = check_mirror(fs, fd, then, ids[i], write);
		if (!err)
			return 0;
		snprintf(why, sizeof(why), "%s", error_text(err));
	}
	return fail(-EBUSY, "no other mirror that is in sync can be read%s%.400s", *why ? ": " : "",
		    why);
}

int fs_lustre_reach_any(struct fs *fs, int fd, const struct layout *then, uint32_t without)
{
	return check_any(fs, fd, then, without, false);
}

int fs_lustre_reach_others(struct fs *fs, int fd, uint32_t mirror_id)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	char why[ERROR_TEXT_MAX];
	int err = layout_xattr_get(fd, &l);

	if (!err && !mirror_exists(l, mirror_id))
		err = fail(-ENOENT, "has no mirror %" PRIu32, mirror_id);
	/* That it is the last one by the layout is for the split to say, which sees it under its lease. */
	if (err || mirror_count_usable(l) == (mirror_usable(l, mirror_id) ? 1 : 0))
		return err;
	err = fs_lustre_reach_any(fs, fd, l, mirror_id);
	snprintf(why, sizeof(why), "%s", err ? error_text(err) : "");
	return err ? fail(err, "only with --force: %.400s", why) : 0;
}

int fs_lustre_reach_check(struct fs *fs, int fd, uint32_t mirror_id, bool write)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	char why[ERROR_TEXT_MAX];
	int err = layout_xattr_get(fd, &l);

	if (err)
		return err == -ENODATA ? 0 : err; /* nothing was ever written */
	if (mirror_id == 0 && l->mirror_count > 1) {
		err = check_any(fs, fd, l, 0, write);
		snprintf(why, sizeof(why), "%s", err ? error_text(err) : "");
		return err ? fail(-EIO, "%s", why) : 0;
	}
	if (mirror_id == 0 && l->count) /* the only one, which may have an id */
		mirror_id = mirror_id_at(l, 0);
	if (!mirror_exists(l, mirror_id))
		return fail(-ENOENT, "has no mirror %" PRIu32, mirror_id);
	return check_mirror(fs, fd, l, mirror_id, write);
}
