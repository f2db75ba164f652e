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
 * others the OST where here->failed_len isn't 0, and what the file system knows of them. Returns err, also 0.
 */
int trouble_explain(struct fs *fs, int fd, uint32_t mirror_id, const struct transfer_result *here,
		    int err);

/* The same of a copy, for the side that failed. */
struct trouble_side {
	int fd;
	uint32_t mirror_id; /* 0: a file without any, or whichever is read */
};
int trouble_of_copy(struct fs *fs, const struct trouble_side *from, const struct trouble_side *to,
		    const struct transfer_result *here, int err);

#define TROUBLE_HINT_MAX 300

/* The file system's words to an error of the last call on fd, " (...)", or "". Valid until this thread's next one. */
const char *trouble_hint(struct fs *fs, int fd, int err);

/* Such a call failed: the text is "<what> (...): <the system's words>". Returns err; 0: nothing is said. */
int trouble_say(struct fs *fs, int fd, int err, const char *what);

#endif
