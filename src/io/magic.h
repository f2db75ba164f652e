/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* f_type of statfs(2) of the file systems that are treated differently. Source: linux/magic.h, and the
 * headers of XFS, CIFS and Lustre. */
#ifndef LOVFS_IO_MAGIC_H
#define LOVFS_IO_MAGIC_H

#define MAGIC_EXT4 0xEF53u
#define MAGIC_XFS 0x58465342u
#define MAGIC_BTRFS 0x9123683Eu
#define MAGIC_TMPFS 0x01021994u
#define MAGIC_RAMFS 0x858458F6u
#define MAGIC_NFS 0x6969u
#define MAGIC_CIFS 0xFF534D42u
#define MAGIC_SMB2 0xFE534D42u
#define MAGIC_FUSE 0x65735546u
#define MAGIC_LUSTRE 0x0BD00BD0u

#endif
