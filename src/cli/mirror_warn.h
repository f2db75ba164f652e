/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Warnings of mirrors that are lost together: on standard error, they change no exit status. */
#ifndef LOVFS_CLI_MIRROR_WARN_H
#define LOVFS_CLI_MIRROR_WARN_H

#include "cli/verb.h"
#include "fs/fs.h"
#include "layout/layout.h"

#include <stdbool.h>

struct mirror_warn {
	const struct verb *verb;
	bool warned; /* of a new file: it is said of the first only */
};

/* Of a file just made, or a default, with this layout: more mirrors than devices to place them on,
 * or mirrors that were told OSTs on one device. */
void mirror_warn_new(struct mirror_warn *w, struct fs *fs, const char *path,
		     const struct layout *request);

/* Of a file's mirrors that have objects on one device; where there are no objects yet, as above. */
void mirror_warn_file(struct mirror_warn *w, struct fs *fs, const char *path);

#endif
