/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fs/fs_lustre_flags.h"

#include "base/cursor.h"
#include "base/error.h"
#include "base/sys.h"
#include "fs/layout_xattr.h"
#include "layout/mirror.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define FLAGS_XATTR "lustre.lov.set.flags"
#define HEADER_BYTES 32
#define ENTRY_BYTES 48
#define MIRROR_ID_MAX 0xffffu

static bool is_meant(const struct layout *l, uint32_t idx, uint32_t id)
{
	if (id == 0)
		return l->count == 1;
	return id <= MIRROR_ID_MAX ? mirror_id_at(l, idx) == id : l->comps[idx].id == id;
}

static void put_entry(struct writer *w, uint32_t id, uint32_t flags)
{
	le32_put(w, id);
	le32_put(w, flags);
	zeros_put(w, ENTRY_BYTES - 8);
}

/* One entry says what to set, another what to clear. Returns how many. */
static uint16_t put_entries(struct writer *w, const struct layout *l, uint32_t id, uint32_t set,
			    uint32_t clear)
{
	uint16_t count = 0;

	for (uint32_t i = 0; i < l->count; i++) {
		if (!is_meant(l, i, id))
			continue;
		if (set)
			put_entry(w, l->comps[i].id, set);
		if (clear)
			put_entry(w, l->comps[i].id, clear | (uint32_t)COMP_NEGATE);
		count = (uint16_t)(count + (set != 0) + (clear != 0));
	}
	return count;
}

static void put_header(struct writer *w, size_t size, uint16_t entries)
{
	le32_put(w, LAYOUT_MAGIC_COMPOSITE);
	le32_put(w, (uint32_t)size);
	le32_put(w, 0); /* generation */
	le16_put(w, 0); /* flags */
	le16_put(w, entries);
	zeros_put(w, HEADER_BYTES - 16);
}

/* As lovfs refuses it, and servers since some version. */
static int check_stale(const struct layout *l, uint32_t id)
{
	uint32_t mirror_id = id > MIRROR_ID_MAX ? id >> 16 : id;

	if (mirror_usable(l, mirror_id) && mirror_count_usable(l) == 1)
		return fail(-EBUSY, "mirror %" PRIu32 " is the last one that is in sync",
			    mirror_id);
	return 0;
}

static int check(const struct layout *l, uint32_t id, uint32_t set, uint32_t clear)
{
	if (l->kind != LAYOUT_COMPOSITE)
		return fail(-EINVAL, "has a plain layout, without component flags");
	if (clear & COMP_STALE)
		return fail(-EINVAL, "stale can't be cleared by hand: lov mirror resync brings a "
				     "mirror up");
	return set & COMP_STALE ? check_stale(l, id) : 0;
}

int fs_lustre_flags_set(struct fs *fs UNUSED, int fd, uint32_t id, uint32_t set, uint32_t clear)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	CLEANUP_FREE uint8_t *bytes = NULL;
	struct writer header, entries;
	uint16_t count;
	size_t room;
	int err = layout_xattr_get(fd, &l);

	if (!err)
		err = check(l, id, set, clear);
	if (err)
		return err;
	room = HEADER_BYTES + (size_t)2 * l->count * ENTRY_BYTES;
	bytes = malloc(room);
	if (!bytes)
		return fail(-ENOMEM, "no memory");
	entries = writer_of(bytes + HEADER_BYTES, room - HEADER_BYTES);
	count = put_entries(&entries, l, id, set, clear);
	if (count == 0)
		return fail(-EINVAL, "has no component or mirror %" PRIu32, id);
	header = writer_of(bytes, HEADER_BYTES);
	put_header(&header, HEADER_BYTES + entries.pos, count);
	err = sys_setxattr_fd(fd, FLAGS_XATTR, bytes, HEADER_BYTES + entries.pos, 0);
	return err ? fail_sys(err, "cannot set its component flags") : 0;
}
