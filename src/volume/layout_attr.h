/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The xattr lustre.lov of the mount: layouts of files, defaults of directories. Any thread may
 * call.
 */
#ifndef LOVFS_VOLUME_LAYOUT_ATTR_H
#define LOVFS_VOLUME_LAYOUT_ATTR_H

#include "base/attr.h"

#include <stddef.h>
#include <sys/types.h>

struct inode;
struct layout;

/* The layout that a new file or directory in `dir` gets; resolved for a file. */
int MUST_CHECK layout_attr_default(struct inode *dir, struct layout **ret_layout);

/*
 * The bytes of lustre.lov: of a regular file its layout, of a directory its default (-ENODATA where
 * none is set; the root has the volume's). Returns the length; -ERANGE if cap_bytes (not 0) is too
 * small; the length alone for 0.
 */
ssize_t MUST_CHECK layout_attr_get(struct inode *inode, void *buf, size_t cap_bytes);

/*
 * Sets a directory's default, or the layout of a regular file that has no objects yet. -EEXIST: it
 * has. -EINVAL, -ENOENT (pool) ..: rules.h, with text. Bytes of another file's layout, with its
 * objects, ask for one like it; a file that has objects then silently keeps its own.
 */
int MUST_CHECK layout_attr_set(struct inode *inode, const void *bytes, size_t len_bytes);

/* Removes a directory's default. -EOPNOTSUPP on a file. */
int MUST_CHECK layout_attr_remove(struct inode *inode);

#endif
