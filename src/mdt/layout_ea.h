/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The layout of an inode, stored with it. The only place that knows where: the xattr trusted.lov
 * (user.lov), or, where the backing file system has no room for it, LAYOUT/<fid>.<n> with the xattr
 * naming that file ("lovfs-layout <n>"). Setting replaces the old one in one step.
 */
#ifndef LOVFS_MDT_LAYOUT_EA_H
#define LOVFS_MDT_LAYOUT_EA_H

#include "base/attr.h"
#include "base/fid.h"

#include <stdint.h>

struct layout;
struct mdt;

/* -ENODATA: none. -EUCLEAN: malformed (text says how). fd may be O_PATH. The caller owns a
 * reference of *ret_layout. */
int MUST_CHECK layout_ea_get(struct mdt *mdt, int fd, struct layout **ret_layout);

/*
 * Replaces the inode's layout; on failure it keeps the one it had. Durable only after mdt_fsync()
 * of the inode. Two threads must not set the layout of one inode at the same time.
 */
int MUST_CHECK layout_ea_set(struct mdt *mdt, int fd, const struct layout *l);

/* Removes it (and the file beside, if there is one). Having none is fine. */
int MUST_CHECK layout_ea_remove(struct mdt *mdt, int fd);

/* The file beside an inode, if there is one: for those who remove the inode, found before and
 * forgotten after. */
struct layout_beside {
	struct fid fid;
	uint64_t number; /* 0: none */
};
/* Gives none where it can't tell: the file then stays as rubbish, which harms nobody. */
void layout_ea_beside(struct mdt *mdt, int fd, struct layout_beside *ret_beside);
void layout_ea_forget(struct mdt *mdt, const struct layout_beside *beside);

#endif
