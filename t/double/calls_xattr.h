/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The layout xattr as Lustre has it. */
#ifndef CALLS_XATTR_H
#define CALLS_XATTR_H

#include "table.h"

/* Sets the layout of an open file or directory; as setxattr(2), or a negative errno. */
int calls_xattr_set_layout(struct open_file *f, const void *bytes, size_t len);

/* A layout as it is stored, of the file or directory at path, into 64 KiB. Its length, or a negative errno. f: whose
 * faults are meant. */
ssize_t calls_xattr_get_whole(struct open_file *f, const char *path, void *value);

#endif
