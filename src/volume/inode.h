/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inodes in use: one struct inode for each file, directory or other node that the kernel knows (or
 * that we hold), found by the inode number of its MDT inode. The hidden directory .lovfs and what
 * is under it are inodes too (INODE_HIDDEN...), so that callers see one kind of thing.
 *
 * Counted references: functions that give an inode add one; inode_forget() drops them. Any thread
 * may call.
 */
#ifndef LOVFS_VOLUME_INODE_H
#define LOVFS_VOLUME_INODE_H

#include "base/attr.h"
#include "base/fid.h"
#include "mdt/mdt.h"
#include "volume/cached_pages.h"
#include "volume/volume.h"

#include <stdbool.h>
#include <sys/stat.h>

/* Borrowed: lives as long as the volume is open. */
struct inode *inode_root(struct volume *vol);

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

/* ---- numbers (volume/inode_number.c) ---- */

/*
 * The number by which the inode is known outside, as long as anybody refers to it, and mostly for good:
 * INODE_NUMBER_ROOT, or that of the MDT inode. Where those can't be told from one another when they are
 * used again (mdt_numbers_known()), and for hidden inodes, it is one that was never given before, also not by an
 * earlier daemon, and has INODE_NUMBER_APART.
 */
#define INODE_NUMBER_ROOT 1u /* FUSE's, too */
#define INODE_NUMBER_APART ((uint64_t)1 << 63)
uint64_t inode_number(const struct inode *inode);
/* Tells inodes apart that had the number one after the other; part of file handles. 0 for the root and for
 * numbers that are never used again. */
int MUST_CHECK inode_number_generation(struct inode *inode, uint32_t *ret_generation);

/*
 * The inode of a number that may not be in use, with a reference; also after a restart. -ESTALE:
 * there is none (any more), or it can't be found: see inode_number_lasts(). The caller must compare
 * the generation with the one that he was once told: it is what shows that he may know of the
 * inode.
 */
int MUST_CHECK inode_number_find(struct volume *vol, uint64_t number, struct inode **ret_inode);
/* The directory above a directory (the root's is the root), with a reference. -ESTALE; -ENOTDIR. */
int MUST_CHECK inode_number_find_parent(struct inode *inode, struct inode **ret_inode);
/* Whether inodes can be found by their numbers when they aren't in use. */
bool inode_number_lasts(const struct volume *vol);

/* The regular file in use that has this FID, with a reference. -ENOENT. */
int MUST_CHECK inode_find(struct volume *vol, struct fid fid, struct inode **ret_inode);
/* The FID of a regular file was given to somebody, who may use it as a name in .lovfs/mirror: the
 * file stays in use until 64 others were asked for. */
void inode_named(struct inode *inode);

/* -EOPNOTSUPP for symlinks and special files. */
int MUST_CHECK inode_get_fid(struct inode *inode, struct fid *ret_fid);

/*
 * Attributes as stat(2). Of a regular file size and blocks are those of its objects, or, where an OST can't be
 * asked, those that are known otherwise (volume/saved_attr.h). -EIO: the size isn't known; it would be
 * taken for the file's. -EUCLEAN: malformed layout.
 */
int MUST_CHECK attr_get(struct inode *inode, struct stat *ret_st);

/* The same for who only wants to have the inode, to remove it for instance. *ret_doubt is 0, or the error because
 * of which the size is no more than what is there at least, and not to be shown to anybody. */
int MUST_CHECK attr_get_of_name(struct inode *inode, struct stat *ret_st, int *ret_doubt);

/* -EPERM with text: uid is neither root nor the file's owner. */
int MUST_CHECK inode_check_owner(struct inode *inode, uid_t uid);

/* The file's data was read, by somebody who cares for the time of access. */
void access_time_read(struct inode *inode);
/* Makes the MDT inode durable: attributes and layout, of a directory its names. Not its objects. */
int MUST_CHECK inode_fsync(struct inode *inode);

struct attr_change {
	bool set_mode, set_uid, set_gid, set_size;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	uint64_t size_bytes;
	struct timespec times[2]; /* as utimensat(2): tv_nsec UTIME_OMIT, UTIME_NOW or a time */
};
/*
 * chmod, chown, truncate, utimensat. Truncation instantiates, breaks others' leases. set-user-id
 * bits are the kernel's business (it asks for them to be cleared). The mount checks permissions
 * before.
 */
int MUST_CHECK attr_set(struct inode *inode, const struct attr_change *attr);

/* ---- names (volume/names.c): give an inode with a reference, or 0 ---- */

/*
 * Looks a name up. uid is the caller's (hidden files are for root and the file's owner). The name
 * must be one component; "." and ".." are not looked up here. Adds a reference. -ENOENT.
 */
int MUST_CHECK names_lookup(struct inode *parent, const char *name, uid_t uid,
			    struct inode **ret_inode);

int MUST_CHECK names_mkdir(struct inode *parent, const char *name, mode_t mode,
			   const struct mdt_creator *who, struct inode **ret);
int MUST_CHECK names_mknod(struct inode *parent, const char *name, mode_t mode, dev_t dev,
			   const struct mdt_creator *who, struct inode **ret);
int MUST_CHECK names_symlink(const char *target, struct inode *parent, const char *name,
			     const struct mdt_creator *who, struct inode **ret);
/* A regular file with the default layout of its directory. A victim's name (LOVFS_VICTIM_PREFIX)
 * makes a file that has none. */
int MUST_CHECK names_create(struct inode *parent, const char *name, mode_t mode,
			    const struct mdt_creator *who, struct inode **ret);
/*
 * A regular file without a name, with the default layout that it would have in the directory: it waits in PENDING
 * and goes at its last close, or at the next mount after a crash, unless names_link() gives it a name
 * before. Whoever can't open it calls names_abandon().
 */
int MUST_CHECK names_create_nameless(struct inode *parent, mode_t mode,
				     const struct mdt_creator *who, struct inode **ret);
/* A file without a name that nobody has open goes now. */
void names_abandon(struct inode *inode);
/* After a crash a file that had no name has this one, or is destroyed. -ENOENT: it is being destroyed. */
int MUST_CHECK names_link(struct inode *inode, struct inode *parent, const char *name);
int MUST_CHECK names_unlink(struct inode *parent, const char *name);
int MUST_CHECK names_rmdir(struct inode *parent, const char *name);
int MUST_CHECK names_rename(struct inode *old_parent, const char *old_name, struct inode *parent,
			    const char *name, unsigned int flags);

/* ---- layout xattr (volume/layout_attr.c) ---- */

/*
 * The bytes of lustre.lov: of a regular file its layout, of a directory its default (-ENODATA where
 * none is set; the root has the volume's). Returns the length; -ERANGE if cap_bytes (not 0) is too
 * small; the length alone for 0.
 */
ssize_t MUST_CHECK layout_attr_get(struct inode *inode, void *buf, size_t cap_bytes);

/*
 * Sets a directory's default, or the layout of a regular file that has no objects yet. -EEXIST: it
 * has. -EINVAL, -ENOENT (pool) ..: rules.h, with text. Bytes of another file's layout, with its
 * objects, ask for one like it; a file that has objects then silently keeps its own.
 */
int MUST_CHECK layout_attr_set(struct inode *inode, const void *bytes, size_t len_bytes);

/* Removes a directory's default. -EOPNOTSUPP on a file. */
int MUST_CHECK layout_attr_remove(struct inode *inode);

#endif
