/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Real file systems for tests of what file systems do. As root, in a mount namespace of the test's
 * own with images on a tmpfs there: nothing is left behind, however the test ends. Elsewhere one
 * plain directory, and the reason is printed.
 */
#ifndef LOVFS_UNIT_TESTFS_H
#define LOVFS_UNIT_TESTFS_H

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

struct testfs {
	const char *name;
	bool shares;   /* extents can be shared */
	bool physical; /* st_blocks and FIEMAP mean something */
	int dirfd;     /* of an empty directory; -1: not there */
	dev_t dev;
};

#define TESTFS_BASE "/mnt"

extern bool
	testfs_entered; /* testfs_enter() has succeeded: what is mounted goes with this process */

bool testfs_run(const char *command);

int testfs_open(struct testfs *fs, const char *path);

/*
 * Root as the daemon knows it, who may mount and set trusted. xattrs; in many containers root may
 * not.
 */
bool testfs_is_root(void);

/* Enters a namespace with an empty tmpfs on TESTFS_BASE; false where that isn't allowed. */
bool testfs_enter(void);

/* After testfs_enter(). Makes and mounts one of "tmpfs", "ext4", "xfs", "btrfs" as `label`; false
 * and a line why not. */
bool testfs_make(struct testfs *fs, const char *type, const char *label, unsigned int size_mib);

/* Without testfs_enter(): a directory of its own under TMPDIR or /tmp, removed by
 * testfs_remove_plain(). */
bool testfs_make_plain(struct testfs *fs, char path[64]);

void testfs_remove_plain(const char *path);

/* The absolute path of `name` in its directory. False: it doesn't fit, or can't be told. */
bool testfs_path(const struct testfs *fs, const char *name, char *buf, size_t size);

/* Ends the program as skipped. */
_Noreturn void testfs_skip(const char *reason);

/*
 * testfs_make_plain() in /dev/shm, for what counts calls: a disk is asked about itself as well, and
 * what isn't in the page cache, on overlayfs nothing is, is copied by other calls.
 */
bool testfs_make_plain_memory(struct testfs *fs, char path[64]);

/*
 * testfs_make_plain() for what needs xattrs, as objects do. Root without root's capabilities goes
 * on as an ordinary user. Where the directory has no xattrs that we may set, the program ends as
 * skipped.
 */
bool testfs_make_plain_xattrs(struct testfs *fs, char path[64]);

#endif
