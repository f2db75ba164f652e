/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The xattr lustre.lov, which both file systems have: a file's layout, or a directory's default. Any thread. */
#ifndef LOVFS_FS_LAYOUT_XATTR_H
#define LOVFS_FS_LAYOUT_XATTR_H

#include "base/attr.h"
#include "layout/layout.h"

/* fd may be O_PATH. -ENODATA: none. -EUCLEAN. With text. The caller owns the layout. */
int MUST_CHECK layout_xattr_get(int fd, struct layout **ret_layout);
/* The same from another xattr. */
int MUST_CHECK layout_xattr_get_named(int fd, const char *name, struct layout **ret_layout);

/* -EEXIST: the file has a layout with objects. With text. */
int MUST_CHECK layout_xattr_set(int fd, const struct layout *l);

#endif
