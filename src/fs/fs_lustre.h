/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lustre's kernel interface, as a client has it from 2.12 on: one function for each thing that an ioctl can
 * do, with its answer checked and words for what went wrong. No library and no header of Lustre is
 * needed. Source of the numbers and structs: lustre_user.h of Lustre 2.17; of the answers: a running one.
 *
 * Each returns 0 or a negative errno with text. Any thread.
 */
#ifndef LOVFS_FS_FS_LUSTRE_H
#define LOVFS_FS_FS_LUSTRE_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

#define FS_LUSTRE_MAGIC 0x0BD00BD0 /* statfs(2).f_type */

/* What the system's words for an error don't say here: " (...)", or "". Constant text. */
const char *fs_lustre_hint(int err);

/* Gives a new file, or a directory as its default, the plain layout whose bytes these are. -EEXIST. */
int MUST_CHECK fs_lustre_setstripe(int fd, const void *bytes);
/*
 * The default of a directory for new files, the first OST included, which its xattr doesn't tell. One that it has
 * from the root has the owner sequence LAYOUT_OWNER_SEQ_DEFAULT. bytes: room for LAYOUT_BYTES_MAX, zeroed; the layout says
 * by itself how long it is. -ENODATA: neither has one.
 */
int MUST_CHECK fs_lustre_getstripe(int dir_fd, void *bytes);
/* Removes a directory's default; also where there is none. */
int MUST_CHECK fs_lustre_unset_default(int fd);
/* Which MDT an open file is on: 0 to 65535. */
int MUST_CHECK fs_lustre_mdt_index(int fd, uint32_t *ret_index);
/* flush: what clients have in their caches is written out before. Not under a group lock of one's own, which
 * they would wait for. */
int MUST_CHECK fs_lustre_data_version(int fd, bool flush, uint64_t *ret_version);

/* gid not 0. Waits where another has it, in part without looking at signals. Not of a file with mirrors,
 * which it would make stale. */
int MUST_CHECK fs_lustre_group_lock(int fd, uint32_t gid);
int MUST_CHECK fs_lustre_group_unlock(int fd, uint32_t gid);

/* All reading and writing by fd, which is O_DIRECT, is of that mirror from now on; 0: of the file. Any id is
 * taken, and fails at the first read. */
int MUST_CHECK fs_lustre_bind(int fd, uint32_t mirror_id);

/*
 * Leases, one for each descriptor. -EBUSY: somebody has the file open for writing, or (write) at all; the text
 * says who. Made sure of: when it returns 0, it is held. resync: for writing stale mirrors by fs_lustre_bind();
 * -EALREADY: none is stale.
 */
int MUST_CHECK fs_lustre_lease_read(int fd);
int MUST_CHECK fs_lustre_lease_write(int fd);
int MUST_CHECK fs_lustre_lease_resync(int fd);
/* -EBUSY: it has been lost. */
int MUST_CHECK fs_lustre_lease_check(int fd);
void fs_lustre_lease_put(int fd);

/*
 * What is done by giving a lease up: that of a resync, a read lease (merge, swap), a write lease (split). -EBUSY:
 * it had been lost, and nothing was done. Success is the one answer that says that it was still held;
 * merge and split give it also where they did nothing, as the victim was of a wrong kind.
 */
int MUST_CHECK fs_lustre_resync_done(int fd, const uint32_t *component_ids, unsigned int count);
int MUST_CHECK fs_lustre_merge(int fd, int victim_fd);
int MUST_CHECK fs_lustre_split(int fd, uint32_t mirror_id, int target_fd);
int MUST_CHECK fs_lustre_swap_leased(int fd, int victim_fd);

/* Swaps layouts if the file's data version is still `version`: -EAGAIN otherwise. The victim's isn't
 * looked at. */
int MUST_CHECK fs_lustre_swap(int fd, int victim_fd, uint64_t version, uint64_t victim_version);

#endif
