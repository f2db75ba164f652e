/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `lovfs -u MOUNT_POINT`, which umount(8) calls through umount.fuse.lovfs: unmounts, and returns when
 * the process that served the volume has closed it and has ended, so that whatever its OSTs and MDT
 * are on can be unmounted next. umount(2) alone returns before.
 *
 * The MDT is asked of the mount itself, before: its lock file tells the process. A mount whose process
 * has died, or doesn't answer, is unmounted without waiting. Nothing of this needs root: others
 * unmount their own mounts through fusermount3.
 */
#ifndef LOVFS_LOVFSD_UNMOUNT_H
#define LOVFS_LOVFSD_UNMOUNT_H

/* argv[0] is "-u". Returns the exit status: 0; 1 it failed, or the volume isn't closed after the time
 * given; 2 wrong usage. Says why on standard error. */
int unmount_main(int argc, char **argv);

#endif
