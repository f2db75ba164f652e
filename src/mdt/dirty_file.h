/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files of dirty maps (file/dirty_map.h), and whether they may be trusted.
 *
 *   DIR/DIRTY/<fid>.<mirror id>   the map of one stale mirror
 *   DIR/MOUNTED                   "boot_id <uuid>\n": the volume is in use, or its daemon died, under
 *                                 that boot of the machine
 *
 * Maps aren't synced while the volume is in use. After a clean end all is synced, then MOUNTED goes.
 * Where MOUNTED is found, with the boot id of now, the daemon died and the kernel kept what it wrote:
 * the maps are right. With another one the machine went down, and marks may be lost that were made for
 * data which wasn't: all maps are removed, durably, before the volume is used. A stale mirror without
 * a map is out of date as a whole. Source of the boot id: /proc/sys/kernel/random/boot_id, random(4).
 */
#ifndef LOVFS_MDT_DIRTY_FILE_H
#define LOVFS_MDT_DIRTY_FILE_H

#include "base/attr.h"
#include "base/fid.h"

#include <stdbool.h>
#include <stdint.h>

struct layout;
struct mdt;

/* When the volume begins to be used: removes maps that can't be trusted (logged), and leaves a durable
 * MOUNTED. *ret_removed is how many maps went. */
int MUST_CHECK dirty_file_begin_use(struct mdt *mdt, unsigned int *ret_removed);

/* At a clean end: makes the MDT durable and removes MOUNTED. On failure MOUNTED stays. */
int MUST_CHECK dirty_file_end_use(struct mdt *mdt);

/* Whether there may be a map. */
bool dirty_file_any(struct mdt *mdt);

/* A new, empty map file, in place of one that may be there; open for reading and writing. Returns the
 * descriptor. On failure there is none of that name any more, unless even removing failed. */
int MUST_CHECK dirty_file_create(struct mdt *mdt, struct fid fid, uint32_t mirror_id);

/* Opens for reading and writing. Returns the descriptor; -ENOENT: none. */
int MUST_CHECK dirty_file_open(struct mdt *mdt, struct fid fid, uint32_t mirror_id);

/* Having none is fine. */
int MUST_CHECK dirty_file_remove(struct mdt *mdt, struct fid fid, uint32_t mirror_id);

/* Those of all mirrors of a file: when it is destroyed. */
int MUST_CHECK dirty_file_remove_all(struct mdt *mdt, struct fid fid, const struct layout *l);

#endif
