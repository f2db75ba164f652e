/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All objects of an OST (ost.h). */
#ifndef LOVFS_OST_OBJECT_LIST_H
#define LOVFS_OST_OBJECT_LIST_H

#include "base/attr.h"
#include "base/fid.h"

struct ost;

/* Calls fn for each object, in no order, until it returns non-zero, which is returned. For fsck and
 * tests. */
int MUST_CHECK object_list_each(struct ost *ost, int (*fn)(void *cookie, struct fid id),
				void *cookie);

#endif
