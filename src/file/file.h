/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One striped file: its layout, its objects and, where it has mirrors, which of them is read and
 * written. Knows nothing of names, inodes or the MDT.
 *
 * A file has an immutable layout, replaced as a whole by file_commit_set(). Every operation below
 * holds the layout shared for its duration; file_commit_begin() and file_close_objects() hold it
 * exclusively, so an operation sees one layout from start to end. Objects are opened when first
 * used and stay open until file_close_objects(), without their access times being touched by reads.
 * Nothing is cached: the size is asked of the objects.
 *
 * All offsets and lengths are bytes of the file, at most INT64_MAX together. Any thread may call.
 * Every operation that changes data changes the data version when it ends, also when it failed.
 *
 * FILE_NOT_INSTANTIATED: an operation would need objects that don't exist yet. Nothing was done (or
 * a count is returned for what was). The caller instantiates the components of the range and calls
 * again.
 *
 * Mirrors. Operations have a mirror_id: FILE_WHOLE for the file, as everybody but a mover uses it,
 * or the id of one mirror, as a file of its own.
 *
 * - The file is read from a usable mirror (layout/mirror.h): one whose OSTs are all active before
 *   others, then one that prefers to be read, then one on devices that don't rotate, and those that
 *   are equal share the work by offset. A read that fails goes to the next usable mirror, without
 *   the caller noticing; it is logged and counted (file_failovers()).
 * - The file is written to one usable mirror, chosen in that order too (with "prefer for writes")
 *   but without sharing. All others must be stale where the change reaches: FILE_NOT_STALE
 *   otherwise, nothing was done, and the caller makes them stale (mirror_change_stale_others() of
 *   what file_primary() says) durably and calls again. So the choice, once made, stays.
 * - Before a change is issued, its range is marked in the dirty maps that follow the file
 *   (file_commit_follow()), but for that of the mirror that is written itself.
 * - One mirror is read whatever its state, and written only where it is stale (-EROFS otherwise):
 *   that changes neither the data version nor any dirty map. Its size is its own. -ENOENT: there is
 *   none of that id. The file without mirrors has FILE_WHOLE only.
 */
#ifndef LOVFS_FILE_FILE_H
#define LOVFS_FILE_FILE_H

#include "base/attr.h"
#include "base/fid.h"
#include "io/io.h"
#include "layout/layout.h"
#include "ost/ost_set.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define FILE_NOT_INSTANTIATED (-EXFULL)
#define FILE_NOT_STALE (-ESTRPIPE)
#define FILE_WHOLE 0u

struct dirty_map;

struct file; /* opaque */

/*
 * Takes a reference of layout (may be NULL: nothing known, size 0). osts is borrowed for the file's
 * life. -ENOMEM.
 */
int MUST_CHECK file_new(struct fid fid, const struct ost_set *osts, const struct layout *layout,
			uint64_t version, struct file **ret_file);
/* Closes everything. No operation may be running. NULL is fine. */
void file_free(struct file *f);

struct fid file_fid(const struct file *f);
/* A reference of the layout now; the caller drops it. NULL where there is none. */
struct layout *file_layout(struct file *f);

/*
 * For commits: holds operations off between begin and end. `file_commit_set` replaces the layout
 * (takes a reference), closing objects that the new one doesn't share. Two files are begun in the
 * order of fid_compare(). Keep it short.
 */
void file_commit_begin(struct file *f);
/* The layout, borrowed, while the commit is held. */
const struct layout *file_commit_layout(const struct file *f);
void file_commit_set(struct file *f, const struct layout *l);
void file_commit_end(struct file *f);

/*
 * While the commit is held: `map` (taken over) follows the file's changes from now on, under `key`:
 * the id of the mirror whose map it is, or FILE_WHOLE for a copy that isn't part of the file. It
 * replaces (and frees) what followed under that key; NULL only takes that away. -ENOMEM: the map is
 * freed, and what followed before still does.
 */
int MUST_CHECK file_commit_follow(struct file *f, uint32_t key, struct dirty_map *map);
/* The map that follows under the key, borrowed; NULL: none. The caller holds the commit, or knows
 * otherwise that the map isn't replaced now. */
struct dirty_map *file_follower(struct file *f, uint32_t key);

/*
 * The mirror that a write would go to now (FILE_WHOLE in a file without mirrors). Not while the
 * commit is held. -EIO: none is usable.
 */
int MUST_CHECK file_primary(struct file *f, uint32_t *ret_mirror_id);

/*
 * Whether all objects there are of the mirror (FILE_WHOLE: of one usable mirror) can be written, or read, now: an
 * error, with text, where one is missing, can't be opened, or its OST is inactive. Nothing is written: a device may
 * still be full or fail. Of each object that is to be read, the first block of data comes from its
 * device.
 */
int MUST_CHECK file_check_writable(struct file *f, uint32_t mirror_id);
int MUST_CHECK file_check_readable(struct file *f, uint32_t mirror_id);

/* Fails with -EIO, as the size isn't known: the text is "<what> isn't known: " and which OST it is. */
int file_size_unknown(struct file *f, uint32_t mirror_id, const char *what);

/* How often reads had to go to another mirror. */
uint64_t file_failovers(const struct file *f);

/* Changes whenever data changed; see above. */
uint64_t file_data_version(const struct file *f);
/* Says that data changed by other means than the operations here. */
void file_touch(struct file *f);

/* Moves whenever an object may have been changed, also by an operation that failed later on: where it stands
 * still, the operation has changed nothing. */
uint64_t file_changes(const struct file *f);

/* Closes object descriptors: at the last close of the file. */
void file_close_objects(struct file *f);

/*
 * Errors of all that follows, with text: -EIO an OST is inactive or a device failed, -EOPNOTSUPP
 * data that isn't in objects here (released, on the MDT, foreign, parity), -ENODATA a change behind
 * the last component, -EROFS an OST that can only be read, -EFBIG past INT64_MAX.
 */

/* ---- file/rw.c ---- */

/*
 * The count is short only at the end of the file (0 at or past it). Holes and what isn't
 * instantiated read as zeros. Where an OST is inactive and the others don't tell whether the file
 * goes on, -EIO: an end is never reported that may not be it.
 */
ssize_t MUST_CHECK file_read(struct file *f, uint32_t mirror_id, void *buf, size_t len_bytes,
			     uint64_t offset);

/*
 * The count may be short (an OST became full half way): then that much is written from the front,
 * and nothing behind it. FILE_NOT_INSTANTIATED when any component of the range has no objects;
 * nothing was written then, as with every error.
 */
ssize_t MUST_CHECK file_write(struct file *f, uint32_t mirror_id, const void *buf, size_t len_bytes,
			      uint64_t offset);

/* ---- file/size.c ---- */

/*
 * What objects say together: size and time of the latest change of all usable mirrors' objects; blocks of
 * all there are, as they all take space. Of one mirror: what its own say. The times of objects are set
 * by nothing but changes of their data, also by those that only move it: what the file's times are is
 * decided above (inode/saved_attr.h).
 */
struct file_attr {
	uint64_t size_bytes;
	uint64_t blocks;       /* of 512 bytes */
	struct timespec mtime; /* where has_mtime: there is an object that could be asked */
	bool has_mtime;
	/* false: no usable mirror could be asked as a whole; size and blocks are of the others */
	bool complete;
	bool all_blocks; /* all objects, of all mirrors, could be asked */
};
int MUST_CHECK file_stat(struct file *f, uint32_t mirror_id, struct file_attr *ret_attr);

/* As file_stat(), of a layout alone, without a struct file. */
int MUST_CHECK file_stat_layout(const struct ost_set *osts, const struct layout *l,
				struct file_attr *ret_attr);

/*
 * FILE_NOT_INSTANTIATED when the component of the new last byte has no objects and the size would
 * not come out right without: always when it grows into one, sometimes when it shrinks. Nothing was
 * done then.
 */
int MUST_CHECK file_truncate(struct file *f, uint32_t mirror_id, uint64_t size_bytes);

/* ---- file/fallocate.c ---- */

/*
 * mode: 0, KEEP_SIZE, PUNCH_HOLE|KEEP_SIZE, ZERO_RANGE, ZERO_RANGE|KEEP_SIZE. Others: -EOPNOTSUPP.
 * A failed allocation has changed neither content nor size. Only a hole can be punched where there
 * are no objects (there is nothing to do).
 */
int MUST_CHECK file_fallocate(struct file *f, uint32_t mirror_id, int mode, uint64_t offset,
			      uint64_t len_bytes);

/* ---- file/seek.c ---- */

/* SEEK_DATA or SEEK_HOLE as lseek(2). -ENXIO. */
int MUST_CHECK file_seek(struct file *f, uint32_t mirror_id, uint64_t offset, int whence,
			 uint64_t *ret_offset);

/* ---- file/sync.c ---- */

/*
 * Data (and, unless data_only, attributes) of all objects of the usable mirrors, or of one mirror,
 * durable, whoever wrote it. Goes through all of them also after an error; the first is returned,
 * unless another usable mirror is whole: several are usable only while nothing was written since
 * they were made durable.
 */
int MUST_CHECK file_sync(struct file *f, uint32_t mirror_id, bool data_only);

/* The same, data only, and then none of the objects' data is in the page cache: the next read comes from
 * the devices. */
int MUST_CHECK file_drop_cache(struct file *f, uint32_t mirror_id);

/* ---- file/copy_range.c ---- */

struct file_copy {
	struct file *src, *dst;
	uint32_t src_mirror_id, dst_mirror_id; /* FILE_WHOLE or one mirror's */
	uint64_t src_offset, dst_offset, len_bytes;
	struct io_ladder *ladder;
	/*
	 * clock_now_ns() after which no new step of real copying starts; 0 = none. Shared extents
	 * ignore it.
	 */
	uint64_t deadline_ns;
	bool no_share;
	bool keep_source;  /* what is read will be read again for another copy */
	atomic_bool *stop; /* may be NULL */
};

/*
 * Copies a range object to object; clamps it to the source's size first. Returns the bytes copied
 * from the front: short at the deadline, at the end of the source (0 at it) or before an error,
 * which the next call will meet again; never 0 at the deadline. Holes stay holes; the destination's
 * size becomes at least the end of what was copied, and is not more than before through what
 * wasn't. Adds to *moved. Source and destination may be one file if the ranges don't overlap
 * (-EINVAL), or the mirrors are two: no extents are shared then.
 * FILE_NOT_INSTANTIATED: about the destination, and nothing was done. What can't be read from one
 * mirror of the source is read from the next.
 */
ssize_t MUST_CHECK file_copy_range(const struct file_copy *c, struct io_moved *moved);

#endif
