/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Cutting or growing a file's objects, with what that needs before: mirrors that are stale, objects
 * that are missing.
 */
#ifndef LOVFS_COMMIT_TRUNCATE_H
#define LOVFS_COMMIT_TRUNCATE_H

#include "base/attr.h"

#include <stdint.h>

struct inode;

/*
 * Cuts or grows the objects of the file (FILE_WHOLE) or of one mirror, after the commits that this
 * needs. Its attributes are the caller's business.
 */
int MUST_CHECK truncate_objects(struct inode *inode, uint32_t mirror_id, uint64_t size_bytes);

#endif
