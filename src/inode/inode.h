/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inodes in use: one struct inode for each file, directory or other node that the kernel knows (or
 * that we hold), found by the inode number of its MDT inode. The hidden directory .lovfs and what
 * is under it are inodes too (INODE_HIDDEN...), so that callers see one kind of thing.
 *
 * Counted references: functions that give an inode add one; inode_forget() drops them. Any thread
 * may call.
 */
#ifndef LOVFS_INODE_INODE_H
#define LOVFS_INODE_INODE_H

#include "base/attr.h"
#include "base/fid.h"
#include "inode/inode_kind.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct cached_pages;
struct file;
struct inode;
struct volume;

/* Of inode_number(). */
#define INODE_NUMBER_ROOT 1u /* FUSE's, too */
#define INODE_NUMBER_APART ((uint64_t)1 << 63)

/* Makes the table and the root inode. */
int MUST_CHECK inode_table_init(struct volume *vol);
/* Frees all inodes that are left, whatever their references. */
void inode_table_release(struct volume *vol);

/* Borrowed: lives as long as the volume is open. */
struct inode *inode_root(struct volume *vol);

/* The inode of an O_PATH descriptor (taken over, also on failure), with a reference. */
int MUST_CHECK inode_obtain(struct volume *vol, int fd, struct inode **ret_inode);
/* The hidden inode of that kind and target (NULL: none; its reference isn't taken), with a
 * reference. */
int MUST_CHECK inode_obtain_hidden(struct volume *vol, enum inode_kind kind, struct inode *target,
				   uint32_t mirror_id, struct inode **ret_inode);
/* The inode in use that has this number, with a reference. -ENOENT. */
int MUST_CHECK inode_find_used(struct volume *vol, uint64_t number, struct inode **ret_inode);

void inode_ref(struct inode *inode);
/* Drops n references; the last one frees. */
void inode_forget(struct inode *inode, uint64_t n);

struct volume *inode_volume(const struct inode *inode);

/* What the kernel may have of it in its page cache; belongs to the inode. */
struct cached_pages *inode_cached_pages(struct inode *inode);

/* O_PATH descriptor of the MDT inode, for what the backing file system does by itself (xattrs,
 * readdir, readlink); owned by the inode. -1 for hidden ones. */
int inode_fd(const struct inode *inode);
bool inode_is_hidden(const struct inode *inode); /* .lovfs and below, mirrors as files included */
/* A mirror of a file as a file: its pages must not be cached, its attributes not be trusted for any
 * time. */
bool inode_is_mirror(const struct inode *inode);
bool inode_is_regular(const struct inode *inode);

/* The regular file in use that has this FID, with a reference. -ENOENT. */
int MUST_CHECK inode_find(struct volume *vol, struct fid fid, struct inode **ret_inode);

/* The struct file of a regular file; it lives as long as the inode. -EUCLEAN: malformed layout. */
int MUST_CHECK inode_get_file(struct inode *inode, struct file **ret_file);

/* -EOPNOTSUPP for symlinks and special files. */
int MUST_CHECK inode_get_fid(struct inode *inode, struct fid *ret_fid);

/* -EPERM with text: uid is neither root nor the file's owner. */
int MUST_CHECK inode_check_owner(struct inode *inode, uid_t uid);

/* Makes the MDT inode durable: attributes and layout, of a directory its names. Not its objects. */
int MUST_CHECK inode_fsync(struct inode *inode);

#endif
