/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One striped file: its layout and its objects. Knows nothing of names, inodes or the MDT.
 *
 * A file has an immutable layout, replaced as a whole by file_commit_set(). Every operation below
 * holds the layout shared for its duration; file_commit_begin() and file_close_objects() hold it
 * exclusively, so an operation sees one layout from start to end. Objects are opened when first
 * used and stay open until file_close_objects(). Nothing is cached: sizes and times are asked of
 * the objects.
 *
 * All offsets and lengths are bytes of the file, at most INT64_MAX together. Any thread may call.
 * Every operation that changes data changes the data version when it ends, also when it failed.
 *
 * FILE_NOT_INSTANTIATED: an operation would need objects that don't exist yet. Nothing was done (or
 * a count is returned for what was). The caller instantiates the components of the range and calls
 * again.
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

/* Changes whenever data changed; see above. */
uint64_t file_data_version(const struct file *f);
/* Says that data changed by other means than the operations here. */
void file_touch(struct file *f);

/* Closes object descriptors: at the last close of the file. */
void file_close_objects(struct file *f);

/*
 * Errors of all that follows, with text: -EIO an OST is inactive or a device failed, -EOPNOTSUPP
 * data that isn't in objects here (released, on the MDT, foreign, parity; for now also a change to
 * a file with mirrors), -ENODATA a change behind the last component, -EROFS an OST that can only be
 * read, -EFBIG past INT64_MAX.
 */

/* ---- file/rw.c ---- */

/*
 * The count is short only at the end of the file (0 at or past it). Holes and what isn't
 * instantiated read as zeros. Where an OST is inactive and the others don't tell whether the file
 * goes on, -EIO: an end is never reported that may not be it.
 */
ssize_t MUST_CHECK file_read(struct file *f, void *buf, size_t len_bytes, uint64_t offset);

/*
 * The count may be short (an OST became full half way): then that much is written from the front,
 * and nothing behind it. FILE_NOT_INSTANTIATED when any component of the range has no objects;
 * nothing was written then, as with every error.
 */
ssize_t MUST_CHECK file_write(struct file *f, const void *buf, size_t len_bytes, uint64_t offset);

/* ---- file/size.c ---- */

/*
 * What objects say together; times are the latest of all objects', zero where there is no object.
 */
struct file_attr {
	uint64_t size_bytes;
	uint64_t blocks; /* of 512 bytes */
	struct timespec atime, mtime, ctime;
	bool complete; /* false: some OST could not be asked; size and blocks are of the others */
};
int MUST_CHECK file_stat(struct file *f, struct file_attr *ret_attr);

/* As file_stat(), of a layout alone, without a struct file. */
int MUST_CHECK file_stat_layout(const struct ost_set *osts, const struct layout *l,
				struct file_attr *ret_attr);

/*
 * FILE_NOT_INSTANTIATED when the component of the new last byte has no objects and the size would
 * not come out right without: always when it grows into one, sometimes when it shrinks. Nothing was
 * done then.
 */
int MUST_CHECK file_truncate(struct file *f, uint64_t size_bytes);

/* Sets the times of all objects (times as utimensat(2)). Changes the data version: a swap prepared
 * with the times before must not come through. */
int MUST_CHECK file_utimens(struct file *f, const struct timespec times[2]);

/* ---- file/fallocate.c ---- */

/*
 * mode: 0, KEEP_SIZE, PUNCH_HOLE|KEEP_SIZE, ZERO_RANGE, ZERO_RANGE|KEEP_SIZE. Others: -EOPNOTSUPP.
 * A failed allocation has changed neither content nor size. Only a hole can be punched where there
 * are no objects (there is nothing to do).
 */
int MUST_CHECK file_fallocate(struct file *f, int mode, uint64_t offset, uint64_t len_bytes);

/* ---- file/seek.c ---- */

/* SEEK_DATA or SEEK_HOLE as lseek(2). -ENXIO. */
int MUST_CHECK file_seek(struct file *f, uint64_t offset, int whence, uint64_t *ret_offset);

/* ---- file/sync.c ---- */

/*
 * Data (and, unless data_only, attributes) of all objects durable, whoever wrote it. Goes through
 * all of them also after an error; the first is returned.
 */
int MUST_CHECK file_sync(struct file *f, bool data_only);

/* ---- file/copy_range.c ---- */

struct file_copy {
	struct file *src, *dst;
	uint64_t src_offset, dst_offset, len_bytes;
	struct io_ladder *ladder;
	/*
	 * clock_now_ns() after which no new step of real copying starts; 0 = none. Shared extents
	 * ignore it.
	 */
	uint64_t deadline_ns;
	bool no_share;
	atomic_bool *stop; /* may be NULL */
};

/*
 * Copies a range object to object; clamps it to the source's size first. Returns the bytes copied
 * from the front: short at the deadline, at the end of the source (0 at it) or before an error,
 * which the next call will meet again; never 0 at the deadline. Holes stay holes; the destination's
 * size becomes at least the end of what was copied, and is not more than before through what
 * wasn't. Adds to *moved. Source and destination may be one file if the ranges don't overlap
 * (-EINVAL). FILE_NOT_INSTANTIATED: about the destination, and nothing was done.
 */
ssize_t MUST_CHECK file_copy_range(const struct file_copy *c, struct io_moved *moved);

#endif
