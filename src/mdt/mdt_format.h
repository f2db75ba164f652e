/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making the tree that is described in mdt.h. */
#ifndef LOVFS_MDT_MDT_FORMAT_H
#define LOVFS_MDT_MDT_FORMAT_H

#include "base/attr.h"

#include <stdbool.h>

/* Makes the tree under `path` (existing directory, empty but for lost+found and volume.conf...).
 * Tests that O_TMPFILE, xattrs and renameat2 work: -EOPNOTSUPP with text. */
int MUST_CHECK mdt_format(const char *path, bool privileged);
/* Takes back what mdt_format() made, as long as ROOT is empty. */
void mdt_format_undo(const char *path);

#endif
