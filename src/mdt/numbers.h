/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * MDT inodes by number: what a file handle of the mount consists of, and the way back from it.
 *
 * Whoever keeps a file handle (an NFS client, name_to_handle_at(2)) has the inode's number and a
 * generation. The number is that of the MDT inode. The generation is 32 bits computed from the
 * number, the generation that the backing file system keeps against numbers used again, and a
 * secret of the volume (MDT/HANDLE_KEY): so it is the same after a restart, another one for another
 * file under the number, and nobody can make one up for a file that he was not told of. That is
 * what keeps numbers of files outside ROOT from being opened: their generations were never given to
 * anybody. What makes sure of it is that generations are given out for inodes that were found by
 * name, or made, below ROOT.
 *
 * On file systems whose own handles are of a kind not known here (numbers_known()) there are no
 * generations. On others inodes can be found by number (numbers_can_find()) where the process may
 * do so: CAP_DAC_READ_SEARCH, and for XFS, which wants the exact generation, CAP_SYS_ADMIN.
 *
 * Any thread may call.
 */
#ifndef LOVFS_MDT_NUMBERS_H
#define LOVFS_MDT_NUMBERS_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

struct mdt;

/* Looks what the file system can; reads HANDLE_KEY, or makes it, durably. Part of mdt_open(). */
int MUST_CHECK numbers_init(struct mdt *mdt);

/*
 * Whether inodes have generations, and whether they can be found. Constant while
 * open.
 */
bool numbers_known(const struct mdt *mdt);
bool numbers_can_find(const struct mdt *mdt);
/* The generation that a file handle of the inode has. -EOPNOTSUPP where they are not known. */
int MUST_CHECK numbers_generation(struct mdt *mdt, int fd, uint32_t *ret_generation);
/*
 * Opens the inode of that number, O_PATH. -ESTALE: there is none, it was removed, a directory is
 * not below ROOT, or it can't be found at all. Something else than a directory may be another's
 * that has the same file system: its generation tells, which the caller must compare with the one
 * that was given out.
 */
int MUST_CHECK numbers_find(struct mdt *mdt, uint64_t number, int *ret_fd);
/* The same checks once more: the inode may have been removed while it was being found. */
int MUST_CHECK numbers_check_found(struct mdt *mdt, int fd);
/* The directory above, of ROOT itself. -ESTALE: that isn't below ROOT. */
int MUST_CHECK numbers_find_parent(struct mdt *mdt, int fd, int *ret_fd);

#endif
