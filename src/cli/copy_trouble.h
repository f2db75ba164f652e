/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What lies behind an error of a copy by `lov cp`: for its text. Any thread. */
#ifndef LOVFS_CLI_COPY_TROUBLE_H
#define LOVFS_CLI_COPY_TROUBLE_H

#include "tree/tree.h"

/* The data couldn't be copied, which failed with err: its text gets what the file systems of the two files know of
 * that, such as the OST that failed. Returns err, also 0. */
int copy_trouble_explain(const struct tree_file *file, int err);

#endif
