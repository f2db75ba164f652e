/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a file's attributes are: which of them the MDT inode has, and for how long it may be
 * believed.
 *
 * Times. The MDT inode's are the file's, all three. What utimensat(2) says is set there, and
 * nowhere else. A change of data sets the modification time in memory; it goes to the MDT inode at
 * a close, a sync, and before anything that has to be compared with it. Objects' times don't count,
 * so what only moves data (swaps, merges, resyncs) changes no time, and an OST that was away brings
 * no old ones back.
 *
 * Size. The objects say it. Where not all of them can be asked, it is known by the record on the
 * MDT inode (mdt/som.h), and by the changes that were made here since.
 *
 * What is on disk, if we are killed right here:
 *
 *   record            when                               size, where an OST is away  modification time
 *   none              no objects yet                     0                           the inode's
 *   exact, inode      closed, or looked at since the     the record's                the inode's
 *                     last change
 *   inexact, since t  from before the first change on,   not known                   t, or the objects' where
 *                     until then                                                     they are later
 *   inexact, inode    moved (swap, merge, split) just    not known                   the inode's
 *                     then; or utimensat(2) came after
 *                     the last change
 *   none, or times    written by an earlier version      not known; the record's     the latest of all
 *   of objects
 *
 * Where the size isn't known, stat(2) and open(2) fail with EIO, rather than to say less than there
 * is; the file can still be named, renamed, removed. As soon as all objects can be asked, such a
 * file is settled: by its first stat(2) or open(2) it gets an exact record, and the inode the time
 * that it should have. Where only the time is open, as it is of each file that an earlier version
 * closed, that is done when the file is opened for writing (and so before its data moves): looking
 * at all files isn't to give all of them a new time of change.
 *
 * Writing the record, and the modification time, changes the inode's time of change. So that is
 * done before the attributes are told, too: what fstat(2) says of a file before close(2) is what
 * stat(2) says of it after.
 *
 * Any thread may call. What is in memory (struct saved_attr of inode_state.h) is guarded by
 * inode->lock.
 */
#ifndef LOVFS_INODE_SAVED_ATTR_H
#define LOVFS_INODE_SAVED_ATTR_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct file_attr;
struct inode;

/* Before the file is opened, maybe for writing. -EIO: its size isn't known; a reader would take a wrong end for the
 * file's, a writer write over what is there. Settles the file where that is to be done. */
int MUST_CHECK saved_attr_check_size(struct inode *inode, bool writes);

/* Before stat(2) of a regular file's MDT inode: what its objects say. Settles the file, or saves it, where that is to be
 * done, and so may give the MDT inode other times. */
int MUST_CHECK saved_attr_ask(struct inode *inode, struct file_attr *ret_attr);

/*
 * Size, blocks and times, into what stat(2) said of the MDT inode; the lock is held since before that. Returns
 * 0, or -EIO, without text, where st_size and st_blocks are no more than what is there at least.
 */
int MUST_CHECK saved_attr_add_locked(const struct inode *inode, const struct file_attr *attr,
				     struct stat *st);

/* Fails, with text that names the OST: the size isn't known. */
int saved_attr_size_unknown(struct inode *inode);

/* What is about to happen to the file. */
enum saved_change {
	SAVED_DATA,  /* its data changes, and so its times */
	SAVED_MOVES, /* its data comes to be elsewhere */
};

/* Before it: the record says that it isn't exact. On success saved_attr_end() follows. */
int MUST_CHECK saved_attr_begin(struct inode *inode, enum saved_change change);

/* What has happened. */
struct saved_result {
	bool changed;      /* data, maybe only in part: the modification time is now */
	bool size_unclear; /* what the size is now only the objects can tell */
	bool sets_size;    /* it is size_bytes; otherwise at least that */
	uint64_t size_bytes;
};
void saved_attr_end(struct inode *inode, const struct saved_result *result);

/* At a close, and after a move: the record is exact, and the MDT inode has the file's times. Nothing is done
 * for files without a name, and while a change is under way, whose own close comes later. */
void saved_attr_save(struct inode *inode);

/* The MDT inode gets the modification time, if it doesn't know it yet. */
void saved_attr_flush_mtime(struct inode *inode);

/* utimensat(2), with times as for that. */
int MUST_CHECK saved_attr_set_times(struct inode *inode, const struct timespec times[2]);

#endif
