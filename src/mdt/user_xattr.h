/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which xattr names users may see and set on the mount. Reserved: lov, lma, som, fid and link under
 * trusted. (privileged volumes) or user. (others), and the whole lustre. namespace except
 * lustre.lov, which the daemon answers itself.
 */
#ifndef LOVFS_MDT_USER_XATTR_H
#define LOVFS_MDT_USER_XATTR_H

#include <stdbool.h>
#include <stddef.h>

/* Whether `name` belongs to lovfs: not listed, get gives ENODATA, set and remove give EPERM. */
bool user_xattr_reserved(const char *name, bool privileged);

/* Removes reserved names from a listxattr(2) buffer of len_bytes, in place. Returns the new length.
 */
size_t user_xattr_filter(char *list, size_t len_bytes, bool privileged);

#endif
