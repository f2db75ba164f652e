/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * MDT inodes by number: what a file handle of the mount consists of, and the way back from it.
 *
 * Whoever keeps a file handle (an NFS client, name_to_handle_at(2)) has the inode's number and a
 * generation. The number is that of the MDT inode. The generation is 32 bits computed from the number,
 * the generation that the backing file system keeps against numbers used again, and a secret of the volume
 * (MDT/HANDLE_KEY): so it is the same after a restart, another one for another file under the number, and
 * nobody can make one up for a file that he was not told of. That is what keeps numbers of files outside ROOT
 * from being opened: their generations were never given to anybody. What makes sure of it is that generations
 * are given out for inodes that were found by name, or made, below ROOT.
 *
 * On file systems whose own handles are of a kind not known here (mdt_numbers_known()) there are no
 * generations. On others inodes can be found by number (mdt_numbers_can_find()) where the process may do so:
 * CAP_DAC_READ_SEARCH, and for XFS, which wants the exact generation, CAP_SYS_ADMIN.
 *
 * Any thread may call.
 */
#ifndef LOVFS_MDT_NUMBERS_H
#define LOVFS_MDT_NUMBERS_H

#include "mdt/mdt_impl.h"

/* Looks what the file system can; reads HANDLE_KEY, or makes it, durably. Part of mdt_open(). */
int MUST_CHECK numbers_init(struct mdt *mdt);

#endif
