/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An open regular file, and what is done through it. Any thread may call.
 *
 * Writing operations may be held back by another's group lock: they then return HANDLE_PARK without
 * having done anything, and the caller keeps the request until the volume calls it back (park.h).
 */
#ifndef LOVFS_VOLUME_HANDLE_H
#define LOVFS_VOLUME_HANDLE_H

#include "base/attr.h"
#include "file/dirty_map.h"
#include "volume/inode.h"

#include <stdatomic.h>
#include <stdint.h>

#define HANDLE_PARK (-ERESTART)

struct handle; /* opaque */

/*
 * Opens the inode. flags: of open(2); only the access mode, O_TRUNC and O_NOATIME are looked at. Opening for
 * writing breaks others' leases. O_TRUNC truncates to 0. -EIO: see attr_get(); -EUCLEAN
 * malformed layout. Opening for reading and writing works with inactive OSTs: only what needs them
 * fails.
 */
int MUST_CHECK handle_open(struct inode *inode, int flags, struct handle **ret_handle);

/* The last reference of an open file is gone: locks and leases are given up, parked requests woken,
 * the last close of the file saves its size and times and, where it has no name, removes it. */
void handle_release(struct handle *h);

struct inode *handle_inode(const struct handle *h);
bool handle_writable(const struct handle *h);

/* Data was read by h: sets the time of access, unless it was opened with O_NOATIME or is a mover's. Copies do
 * that by themselves. */
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
/* At each close(2): saves size and times, so that what stat(2) says after the close stays as it is. */
int MUST_CHECK handle_flush(struct handle *h);
int MUST_CHECK handle_fsync(struct handle *h, bool data_only);
/* See file_drop_cache(). */
int MUST_CHECK handle_drop_cache(struct handle *h);
/* Short after about 100 ms of real copying, at the source's end, never more than 2 GiB - 4096. */
ssize_t MUST_CHECK handle_copy_range(struct handle *src, uint64_t src_offset, struct handle *dst,
				     uint64_t dst_offset, uint64_t len_bytes);

/* As attr_set() with a size, by a descriptor: a group lock holder's isn't held back. */
int MUST_CHECK handle_truncate(struct handle *h, uint64_t size_bytes);

/* ---- commits, locks (volume/swap.c, lease.c, group_lock.c); see lovfs_ioctl.h for meaning and
 * errors ---- */

int MUST_CHECK handle_data_version(struct handle *h, uint64_t *ret_version,
				   uint32_t *ret_layout_version);
int MUST_CHECK group_lock_take(struct handle *h, uint32_t gid);
int MUST_CHECK group_lock_release(struct handle *h, uint32_t gid);
int MUST_CHECK lease_take(struct handle *h, uint32_t mode);
uint32_t lease_held(struct handle *h);
void lease_drop(struct handle *h);

struct swap_request {
	struct fid victim;
	bool close_lease;
	uint64_t file_version, victim_version;
	uid_t uid; /* caller */
};
int MUST_CHECK swap_commit(struct handle *h, const struct swap_request *req);

/*
 * Copies that follow the file, and commits on mirrors (volume/follow_session.c, merge.c, split.c,
 * mirror_state.c): see lovfs_ioctl.h for what they are, and for errors, all of which have text.
 */
struct follow_request {
	bool physical, whole, make_stale;
	const uint32_t *mirror_ids;
	unsigned int mirror_count;
	uint32_t source_id; /* the mirror that is read; 0: any in sync */
	const struct fid *victims;
	unsigned int victim_count;
	uid_t uid; /* caller */
};
/* Whether the victim is a copy that follows the file, through whatever handle. */
bool follow_session_has_victim(struct handle *h, struct fid victim);
int MUST_CHECK follow_begin(struct handle *h, const struct follow_request *req);
/* Takes up to max_count ranges, max_bytes together. Short: the first call after it begins at 0 again.
 */
int MUST_CHECK follow_session_next(struct handle *h, uint32_t mirror_id, uint64_t from,
				   uint64_t max_bytes, struct dirty_range *ret_ranges,
				   unsigned int max_count, unsigned int *ret_count,
				   uint64_t *ret_left_bytes, uint64_t *ret_size_bytes);
int MUST_CHECK follow_session_copied(struct handle *h, uint32_t mirror_id,
				     const struct dirty_range *range);
/* Nothing to end is fine. */
void follow_session_end(struct handle *h);

int MUST_CHECK resync_done_commit(struct handle *h, const uint32_t *mirror_ids, unsigned int count);

struct merge_request {
	const struct fid *victims;
	const uint64_t *victim_versions;
	unsigned int victim_count;
	uint64_t file_version;
	uid_t uid; /* caller */
};
int MUST_CHECK merge_commit(struct handle *h, const struct merge_request *req);

struct split_request {
	uint32_t mirror_id;
	struct fid target;
	bool force; /* also where no other mirror can be read now */
	uid_t uid;  /* caller */
};
int MUST_CHECK split_commit(struct handle *h, const struct split_request *req);

/* Whether all of the mirror (0: of the file, of one in sync) can be read, or written, now: -EIO, -EROFS and others,
 * with text that names the OST. */
int MUST_CHECK handle_check_mirror(struct handle *h, uint32_t mirror_id, bool write);

int MUST_CHECK mirror_state_set_flags(struct handle *h, uint32_t id, uint32_t set, uint32_t clear,
				      uid_t uid);

/* Copies into the file since it was first opened, and bytes read and written. */
void handle_get_moved(struct handle *h, struct volume_moved *ret_moved);

#endif
