/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Faults, from LUSTRE_DOUBLE_FAULT="CALL:N:WHAT[,CALL:N:WHAT...]": at the n-th call of that kind in the
 * process, counted from 1; N "*": at each.
 *
 * CALL: GET_LEASE, SET_LEASE (each that gets, gives up or commits), GROUP_LOCK, DATA_VERSION, SWAP,
 *   FLR_SET_MIRROR; GETXATTR, SETXATTR (of the layout; the latter also LOV_SETSTRIPE, and
 *   flags of components; a full OST is ENOSPC there, 2.17); VOLATILE (open of such a name); pread pwrite ftruncate fsync
 *   (also fdatasync) of files of the mount; pwrite-ostN: a write that begins on OST N, where objects
 *   are already; one that comes to it ends in front of it.
 *
 * WHAT happens before the call:
 *   lose-lease     the file is opened for writing by somebody else, and closed
 *   write-file     somebody else changes its first byte
 *   change-layout  a mirrored file: a "prefer" flag is turned over; another: its data moves to a new layout by a
 *                  swap, for which it is opened for writing. Not under a group lock (only logged)
 *   wait           pauses, while the file $LUSTRE_DOUBLE_LOG.waiting, which is made here, is there; at most 20 s
 * or instead of it, or with it:
 *   EIO and others an error
 *   short          half of the bytes, a multiple of 4096 (pread, pwrite; where there are at least 8192)
 *   flip           one byte of the data is changed on its way (pwrite)
 *
 * lose-lease, write-file and change-layout are for the file on which the process has a lease or a group
 * lock; where it has none, for the call's. Under a group lock write-file waits, in a process of its
 * own, until the lock is gone.
 */
#ifndef FAULT_H
#define FAULT_H

#include "table.h"

enum fault_call {
	FAULT_GET_LEASE,
	FAULT_SET_LEASE,
	FAULT_GROUP_LOCK,
	FAULT_DATA_VERSION,
	FAULT_SWAP,
	FAULT_FLR_SET_MIRROR,
	FAULT_GETXATTR,
	FAULT_SETXATTR,
	FAULT_VOLATILE,
	FAULT_PREAD,
	FAULT_PWRITE,
	FAULT_FTRUNCATE,
	FAULT_FSYNC,
	FAULT_PWRITE_OST,
	FAULT_CALLS
};

struct fault_effect {
	int err; /* negative, 0: none */
	bool shorten, flip;
	size_t len_max; /* of a write, 0: no limit */
};

/* f may be NULL. */
struct fault_effect fault_enter(enum fault_call call, struct open_file *f);
/* As FAULT_PWRITE and pwrite-ostN. */
struct fault_effect fault_enter_write(struct open_file *f, uint64_t offset, size_t len);

/* What fault_deed.c does. */
void fault_deed_lose_lease(struct open_file *f);
void fault_deed_write_file(struct open_file *f);
void fault_deed_change_layout(struct open_file *f);
void fault_deed_wait(void);

#endif
