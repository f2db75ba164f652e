/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The layouts in a file made with getfattr(1): `lov getstripe --xattr-file`. */
#ifndef LOVFS_CLI_DUMP_LAYOUTS_H
#define LOVFS_CLI_DUMP_LAYOUTS_H

#include "base/attr.h"
#include "cli/show_layout.h"

/* Shows each layout of the dump ("-": standard input), up to the first that is wrong. */
int MUST_CHECK dump_layouts(struct show_layout *show, const char *dump_path);

#endif
