/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which OST has no space left for a copy: for texts. Any thread. */
#ifndef LOVFS_MOVER_FULL_OST_H
#define LOVFS_MOVER_FULL_OST_H

#include "base/attr.h"
#include "fs/fs.h"

/*
 * After a write at file offset `offset` to fd failed with err: where that is -ENOSPC and the OST is known,
 * the text is said anew with its name. mirror_id: the mirror that was written, 0 for a file without any.
 * Returns err.
 */
int full_ost_explain(struct fs *fs, int fd, uint32_t mirror_id, uint64_t offset, int err);

#endif
