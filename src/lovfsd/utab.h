/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What umount(8) must know of a mount to call umount.fuse.lovfs: for root it asks the mount point's
 * file system for its type, and FUSE doesn't tell its subtype. A note "uhelper=fuse.lovfs" among what
 * mount(8) keeps of mounts (/run/mount/utab) has it call the helper; mount(8) itself writes it.
 */
#ifndef LOVFS_LOVFSD_UTAB_H
#define LOVFS_LOVFSD_UTAB_H

#define UTAB_HELPER "/sbin/umount.fuse.lovfs"

/*
 * Notes it for a mount that is about to be made. Only root's, and where the helper is installed;
 * where it can't be noted, umount(8) returns before the volume is closed, no more. A note that stays
 * behind (the daemon was killed) is used by the next mount there.
 */
void utab_note(const char *fsname, const char *mount_path);

#endif
