/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fs/fs_lustre_flags.h"

#include "base/cursor.h"
#include "base/error.h"
#include "base/sys.h"
#include "fs/fs_lustre_reach.h"
#include "fs/layout_xattr.h"
#include "layout/mirror.h"
#include "layout/mirror_change.h"

#include <errno.h>
#include <stdlib.h>

#define FLAGS_XATTR "lustre.lov.set.flags"
#define HEADER_BYTES 32
#define ENTRY_BYTES 48

/* A component's id, or else a mirror's: which in one layout can't be mixed up. */
static bool is_meant(const struct layout *l, uint32_t idx, uint32_t id)
{
	if (id == 0)
		return l->count == 1;
	return l->comps[idx].id == id || mirror_id_at(l, idx) == id;
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

/* The server does also what must not be done: clears stale, and makes the last mirror in sync stale, or the last
 * that can be read. */
static int check(struct fs *fs, int fd, const struct layout *l, uint32_t id, uint32_t set,
		 uint32_t clear)
{
	CLEANUP_LAYOUT struct layout *then = NULL;
	int err = mirror_change_flags(l, id, set, clear, 0, &then);

	if (err || then == l || !(set & (COMP_STALE | COMP_OFFLINE)))
		return err;
	return fs_lustre_reach_any(fs, fd, then, 0);
}

int fs_lustre_flags_set(struct fs *fs, int fd, uint32_t id, uint32_t set, uint32_t clear)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	CLEANUP_FREE uint8_t *bytes = NULL;
	struct writer header, entries;
	uint16_t count;
	size_t room;
	int err = layout_xattr_get(fd, &l);

	if (!err)
		err = check(fs, fd, l, id, set, clear);
	if (err)
		return err;
	room = HEADER_BYTES + (size_t)2 * l->count * ENTRY_BYTES;
	bytes = malloc(room);
	if (!bytes)
		return fail(-ENOMEM, "no memory");
	entries = writer_of(bytes + HEADER_BYTES, room - HEADER_BYTES);
	count = put_entries(&entries, l, id, set, clear);
	if (count == 0) /* nothing to set or clear */
		return 0;
	header = writer_of(bytes, HEADER_BYTES);
	put_header(&header, HEADER_BYTES + entries.pos, count);
	err = sys_setxattr_fd(fd, FLAGS_XATTR, bytes, HEADER_BYTES + entries.pos, 0);
	/* By the server, when mirrors went stale since they were looked at. */
	if (err == -EUCLEAN)
		return fail(-EBUSY,
			    "cannot set its component flags: no mirror would be left in sync");
	return err ? fail_sys(err, "cannot set its component flags") : 0;
}
