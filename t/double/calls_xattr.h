/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The layout xattr as Lustre has it. */
#ifndef CALLS_XATTR_H
#define CALLS_XATTR_H

#include "table.h"

/* Sets the layout of an open file or directory; as setxattr(2), or a negative errno. */
int calls_xattr_set_layout(struct open_file *f, const void *bytes, size_t len);

#endif
