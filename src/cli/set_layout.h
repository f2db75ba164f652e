/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A layout for a new file, one without data, or a directory: `lov setstripe`, `lov mirror create`. */
#ifndef LOVFS_CLI_SET_LAYOUT_H
#define LOVFS_CLI_SET_LAYOUT_H

#include "base/attr.h"
#include "cli/place.h"
#include "layout/layout.h"

/*
 * Checks the request against the file system that `path` is or will be on (*ret_fs, the keeper's),
 * then sets it. A file that doesn't exist is made, and goes again if it can't have the layout. Errors
 * with text; nothing was changed then.
 */
int MUST_CHECK set_layout(struct place_fs *keeper, const char *path, const struct layout *request,
			  struct fs **ret_fs);

#endif
