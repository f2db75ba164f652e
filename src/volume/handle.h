/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An open regular file, and what is done through it. Any thread may call.
 *
 * Writing operations may be held back by another's group lock: they then return PARK_REQUEST
 * without having done anything, and the caller keeps the request until the volume calls it back
 * (park.h).
 */
#ifndef LOVFS_VOLUME_HANDLE_H
#define LOVFS_VOLUME_HANDLE_H

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct handle; /* opaque */
struct inode;
struct volume_moved;

/*
 * Opens the inode. flags: of open(2); only the access mode and O_NOATIME are looked at: the kernel
 * truncates by a call of its own. Opening for writing breaks others' leases. -EIO: see
 * inode_attr_get(); -EUCLEAN malformed layout. Opening for reading and writing works with inactive
 * OSTs: only what needs them fails.
 */
int MUST_CHECK handle_open(struct inode *inode, int flags, struct handle **ret_handle);

/* The last reference of an open file is gone: locks and leases are given up, parked requests woken,
 * the last close of the file saves its size and times and, where it has no name, removes it. */
void handle_release(struct handle *h);

struct inode *handle_inode(const struct handle *h);
bool handle_writable(const struct handle *h);

/* Data was read by h: sets the time of access, unless it was opened with O_NOATIME or is a mover's.
 * Copies do that by themselves. */
void handle_accessed(const struct handle *h);

ssize_t MUST_CHECK handle_read(struct handle *h, void *buf, size_t len_bytes, uint64_t offset);
ssize_t MUST_CHECK handle_write(struct handle *h, const void *buf, size_t len_bytes,
				uint64_t offset);
/*
 * As handle_write(), for pages that the kernel writes back by itself. A group lock doesn't hold
 * these back: closing or syncing a file waits for them, the lock holder's own closing too. They
 * change the data version, which is how the holder learns of them.
 */
ssize_t MUST_CHECK handle_writeback(struct handle *h, const void *buf, size_t len_bytes,
				    uint64_t offset);
int MUST_CHECK handle_fallocate(struct handle *h, int mode, uint64_t offset, uint64_t len_bytes);
int MUST_CHECK handle_seek(struct handle *h, uint64_t offset, int whence, uint64_t *ret_offset);
/* At each close(2): saves size and times, so that what stat(2) says after the close stays as it
 * is. */
int MUST_CHECK handle_flush(struct handle *h);
int MUST_CHECK handle_fsync(struct handle *h, bool data_only);
/* See file_drop_cache(). */
int MUST_CHECK handle_drop_cache(struct handle *h);
/* Short after about 100 ms of real copying, at the source's end, never more than 2 GiB - 4096. */
ssize_t MUST_CHECK handle_copy_range(struct handle *src, uint64_t src_offset, struct handle *dst,
				     uint64_t dst_offset, uint64_t len_bytes);

/* As inode_attr_set() with a size, by a descriptor: a group lock holder's isn't held back. */
int MUST_CHECK handle_truncate(struct handle *h, uint64_t size_bytes);

/* Changes with each change of the data, and of the layout: see lovfs_ioctl.h. */
int MUST_CHECK handle_data_version(struct handle *h, uint64_t *ret_version,
				   uint32_t *ret_layout_version);

/* Whether all of the mirror (0: of the file, of one in sync) can be read, or written, now: -EIO,
 * -EROFS and others, with text that names the OST. */
int MUST_CHECK handle_check_mirror(struct handle *h, uint32_t mirror_id, bool write);

/* Copies into the file since it was first opened, and bytes read and written. */
void handle_get_moved(struct handle *h, struct volume_moved *ret_moved);

#endif
