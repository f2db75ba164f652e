/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What copies of a file lack, as lists of ranges that are worked off from the front; and several such
 * lists as one list of pieces, each with the copies that need it, so that no byte is read twice. PURE.
 */
#ifndef LOVFS_MOVER_CHANGES_H
#define LOVFS_MOVER_CHANGES_H

#include "base/attr.h"
#include "fs/fs.h"
#include "mover/transfer.h"

/* Of one mirror, or of all victims, which are alike. Zeroed: nothing. */
struct changes {
	uint32_t targets; /* bit per copy */
	struct fs_range ranges[FS_RANGES_MAX];
	unsigned int head, count; /* ranges[head] to [count - 1] are left, in order */
	uint64_t pos;             /* where what is left of ranges[head] begins */
};

/* Begins the list anew. */
void changes_set(struct changes *c, const struct fs_changes *taken);

static inline bool changes_empty(const struct changes *c)
{
	return c->head == c->count;
}

/* Bytes that are left in it. */
uint64_t changes_bytes(const struct changes *c);

/* Where the last range ends. Not of an empty list. */
static inline uint64_t changes_end(const struct changes *c)
{
	return c->ranges[c->count - 1].end;
}

/*
 * Takes everything before `horizon` from the front of all lists (head and pos move on) and writes it
 * to ret_pieces, which has room for CHANGES_PIECES_MAX; returns how many. A range with nothing in it
 * that begins at the horizon is taken too.
 */
#define CHANGES_PIECES_MAX (2 * FS_RANGES_MAX * LAYOUT_MIRRORS_MAX)
unsigned int changes_merge(struct changes *lists, unsigned int count, uint64_t horizon,
			   struct piece_range *ret_pieces);

/*
 * Where pieces are many and near each other, what lies between them costs less than a call for each:
 * neighbours for the same copies become one. Returns how many are left.
 */
#define CHANGES_MANY 32u
#define CHANGES_NEAR_BYTES (256u << 10)
unsigned int changes_join(struct piece_range *pieces, unsigned int count);

#endif
