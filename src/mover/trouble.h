/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What lies behind an error of a copy: for texts. Any thread. */
#ifndef LOVFS_MOVER_TROUBLE_H
#define LOVFS_MOVER_TROUBLE_H

#include "base/attr.h"
#include "fs/fs.h"
#include "mover/transfer_request.h"

/*
 * A transfer failed with err: says its text anew with what is known besides. Of -ENOSPC that is the OST that is
 * full, or those of which one is: fd is the target that was written to, and mirror_id the mirror of it (0: a file without any); of
 * others what the file system knows of them. Returns err, also 0.
 */
int trouble_explain(struct fs *fs, int fd, uint32_t mirror_id, const struct transfer_result *here,
		    int err);

/* The file system's words to an error of another call, " (...)", or "". */
const char *trouble_hint(const struct fs *fs, int err);

#endif
