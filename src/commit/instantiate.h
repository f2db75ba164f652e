/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * First write: the objects of a component come to be.
 *
 * States that a crash can leave: objects without a layout that names them (the parent xattr says
 * whose they were; fsck removes them), or objects and layout. Data is written only after the layout
 * names its objects.
 */
#ifndef LOVFS_COMMIT_INSTANTIATE_H
#define LOVFS_COMMIT_INSTANTIATE_H

#include "base/attr.h"

#include <stdint.h>

struct inode;
struct layout;

/*
 * Makes the objects of all components of [start, end) of one mirror (FILE_WHOLE: of the one that is
 * written) that have none (first write). Those of a mirror go to other devices than those of the
 * file's other mirrors, where there are such; so do those of a victim that is to become one. `near`
 * (may be NULL): the layout of a file that the data is copied from; where nothing else is asked
 * for, the objects go to devices that can share extents with its objects. -ENODATA: no component
 * covers all.
 */
int MUST_CHECK instantiate_range(struct inode *inode, uint32_t mirror_id, uint64_t start,
				 uint64_t end, const struct layout *near);

#endif
