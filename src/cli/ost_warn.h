/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Warnings of OSTs that can't be written now: on standard error, they change no exit status. */
#ifndef LOVFS_CLI_OST_WARN_H
#define LOVFS_CLI_OST_WARN_H

#include "cli/verb.h"
#include "fs/fs.h"
#include "layout/layout.h"

/* Of a file or default just made whose layout names OSTs: each of them that is inactive or takes no new objects,
 * with the reason. The objects are made by the first write, which would fail without one. */
void ost_warn_new(const struct verb *verb, struct fs *fs, const char *path,
		  const struct layout *request);

#endif
