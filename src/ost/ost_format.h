/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making an OST (ost.h) of a directory. */
#ifndef LOVFS_OST_OST_FORMAT_H
#define LOVFS_OST_OST_FORMAT_H

#include "base/attr.h"

#include <stdbool.h>

struct ost_label;

/* Makes `path` (an existing directory, empty but for lost+found) an OST: label last, so that a half
 * made one isn't one. -EEXIST: has a label. -ENOTEMPTY. -EOPNOTSUPP: the file system keeps no
 * xattrs. On failure nothing of it stays. */
int MUST_CHECK ost_format(const char *path, const struct ost_label *label, bool privileged);

/* Takes back what ost_format() made, for a mkfs that failed later. Removes nothing else. */
void ost_format_undo(const char *path, const struct ost_label *label);

/* The label of a directory. -ENOENT: no such directory or not an OST (text says which). -EUCLEAN:
 * label malformed. */
int MUST_CHECK ost_format_label(const char *path, struct ost_label *ret_label);

#endif
