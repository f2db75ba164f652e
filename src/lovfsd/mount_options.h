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
	bool sync, dirsync;    /* durable.h */
	bool noatime;          /* reads set no time of access */
	bool nodiratime;       /* the same of directories */
	bool help, version;    /* asked for: nothing else is filled in */
	uint64_t wait_s;       /* how long for the process that is closing the volume */
	uint64_t memory_bytes; /* for the buffers of copies; 0: the usual */
	char *fuse;            /* owned: comma separated, for libfuse; may be NULL */
	bool remount; /* what is mounted at mount_path is to be changed; mdt_path is NULL */
	char *all;    /* owned: all options as given, comma separated; may be NULL */
	/* While the command line is read: what user, owner and such imply; an option that only a mount
	 * that is there can have. */
	bool no_exec, no_suid;
	char *of_mounted; /* owned */
};

/* -EINVAL with text: wrong usage. Others (-ENOENT, -ENOTDIR ...), with text: a directory isn't
 * there. */
int MUST_CHECK mount_options_parse(int argc, char **argv, struct mount_options *ret_opts);
void mount_options_release(struct mount_options *opts);

/* Prints the help. */
void mount_options_help(void);

#endif
