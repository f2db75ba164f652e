/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of lovfs(8): what to serve, where, and how. */
#ifndef LOVFS_LOVFSD_MOUNT_OPTIONS_H
#define LOVFS_LOVFSD_MOUNT_OPTIONS_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

struct mount_options {
	char *mdt_path, *mount_path; /* owned, absolute, without symbolic links */
	bool foreground;
	bool debug;
	bool noatime;          /* reads set no time of access */
	bool nodiratime;       /* the same of directories */
	bool help, version;    /* asked for: nothing else is filled in */
	uint64_t memory_bytes; /* for the buffers of copies; 0: the usual */
	char *fuse;            /* owned: comma separated, for libfuse; may be NULL */
};

/* -EINVAL with text: wrong usage. Others (-ENOENT, -ENOTDIR ...), with text: a directory isn't
 * there. */
int MUST_CHECK mount_options_parse(int argc, char **argv, struct mount_options *ret_opts);
void mount_options_release(struct mount_options *opts);

/* Prints the help. */
void mount_options_help(void);

#endif
