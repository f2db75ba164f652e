/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names, attributes and layouts, in a directory tree.
 *
 *   DIR/ROOT/            the name tree: directories, links, special files, an empty inode for each file
 *   DIR/PENDING/<fid>    inodes without a name whose objects are to be destroyed: unlinked, victims
 *   DIR/PENDING/<fid>.swap  commits on two files that aren't finished (mdt/swap_intent.h)
 *   DIR/LAYOUT/<fid>.<n> layouts too large for an xattr
 *   DIR/DIRTY/, DIR/MOUNTED  what stale mirrors lack (mdt/dirty_file.h)
 *   DIR/LAST_FID         bound of FIDs given out (base/idfile.h)
 *   DIR/HANDLE_KEY       secret by which file handles are known (mdt/numbers.h)
 *
 * Names, owners, modes, ACLs, xattrs, hard links and directory order are the backing file system's.
 * On each regular file and directory the xattr trusted.lma holds the FID (struct lustre_mdt_attrs),
 * trusted.lov the layout (layout/codec.h), trusted.som the size at the last close (struct
 * lustre_som_attrs); user. instead of trusted. on an unprivileged volume. All of these are hidden
 * from users.
 *
 * Inodes are handed around as O_PATH descriptors, names as (directory descriptor, one component).
 * Any thread may call.
 */
#ifndef LOVFS_MDT_MDT_H
#define LOVFS_MDT_MDT_H

#include "base/attr.h"
#include "base/fid.h"
#include "layout/layout.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

struct mdt; /* opaque */

/* Makes the tree under `path` (existing directory, empty but for lost+found and volume.conf...).
 * Tests that O_TMPFILE, xattrs and renameat2 work: -EOPNOTSUPP with text. */
int MUST_CHECK mdt_format(const char *path, bool privileged);
/* Takes back what mdt_format() made, as long as ROOT is empty. */
void mdt_unformat(const char *path);

int MUST_CHECK mdt_open(const char *path, bool privileged, struct mdt **ret_mdt);
void mdt_free(struct mdt *mdt);

/* Descriptors owned by the mdt. */
int mdt_dirfd(const struct mdt *mdt);   /* DIR */
int mdt_root_fd(const struct mdt *mdt); /* O_PATH of ROOT */
int mdt_pending_fd(const struct mdt *mdt);

/* A FID that was never used. */
int MUST_CHECK mdt_new_fid(struct mdt *mdt, struct fid *ret_fid);

/* The FID of an inode. Regular files and directories without one (made before, or by hand) get one
 * now. Others: -EOPNOTSUPP. */
int MUST_CHECK mdt_get_fid(struct mdt *mdt, int fd, struct fid *ret_fid);

/* Who makes a new inode. Where the caller is root and privileged, the inode gets these ids,
 * otherwise the process's own. */
struct mdt_creator {
	uid_t uid;
	gid_t gid;
	mode_t umask; /* ignored where the directory has a default ACL, as umask(2) says */
};

/*
 * Makes an inode under (dirfd, name), with owner, mode, set-group-id inheritance and default ACL as
 * the system call of the same name by that creator would, and a FID. A regular file appears with
 * its layout xattr in one step (O_TMPFILE, then linkat); `layout` may be NULL for none. -EEXIST.
 * ret_fd is an O_PATH descriptor the caller owns.
 */
int MUST_CHECK mdt_create(struct mdt *mdt, int dirfd, const char *name, mode_t mode,
			  const struct mdt_creator *who, const struct layout *layout, int *ret_fd);
int MUST_CHECK mdt_mkdir(struct mdt *mdt, int dirfd, const char *name, mode_t mode,
			 const struct mdt_creator *who, int *ret_fd);
int MUST_CHECK mdt_mknod(struct mdt *mdt, int dirfd, const char *name, mode_t mode, dev_t dev,
			 const struct mdt_creator *who, int *ret_fd);
int MUST_CHECK mdt_symlink(struct mdt *mdt, const char *target, int dirfd, const char *name,
			   const struct mdt_creator *who, int *ret_fd);

/* A regular file without a name: in PENDING from the start (a victim, O_TMPFILE). It inherits from the
 * directory dirfd what one with a name there would. */
int MUST_CHECK mdt_create_pending(struct mdt *mdt, int dirfd, mode_t mode,
				  const struct mdt_creator *who, const struct layout *layout,
				  struct fid *ret_fid, int *ret_fd);

int MUST_CHECK mdt_lookup(struct mdt *mdt, int dirfd, const char *name, int *ret_fd);
int MUST_CHECK mdt_link(struct mdt *mdt, int fd, int dirfd, const char *name);
int MUST_CHECK mdt_rmdir(struct mdt *mdt, int dirfd, const char *name);

/*
 * Removes a name. Where it was the last one of a regular file, the inode is in PENDING/<fid>
 * afterwards (moved there in one step) and *ret_orphan is its FID; otherwise *ret_orphan is zero.
 */
int MUST_CHECK mdt_unlink(struct mdt *mdt, int dirfd, const char *name, struct fid *ret_orphan);

/* What is renamed to what. */
struct mdt_renaming {
	int old_dirfd, dirfd;
	const char *old_name, *name;
	unsigned int flags;                /* of renameat2(2), any that go together */
	const struct mdt_creator *creator; /* with RENAME_WHITEOUT: of the whiteout */
};

/*
 * renameat2(2). RENAME_WHITEOUT leaves a whiteout (character device 0:0, as overlayfs has them) under
 * the old name, in the same step; -EINVAL where the backing file system can't (Btrfs before Linux
 * 5.19). A regular file whose last name is replaced is in PENDING afterwards as for mdt_unlink():
 * linked there first, so that after a crash it has its name or is in PENDING, or both (recovery then
 * drops the latter).
 */
int MUST_CHECK mdt_rename(struct mdt *mdt, const struct mdt_renaming *r, struct fid *ret_orphan);

/* Links an inode to PENDING/<fid>: for as long as recovery must find it there. Not durable yet; a
 * link that is there already is fine. */
int MUST_CHECK mdt_pending_link(struct mdt *mdt, struct fid fid, int fd);
/* PENDING/<fid>: opened O_PATH; removed. -ENOENT. */
int MUST_CHECK mdt_pending_open(struct mdt *mdt, struct fid fid, int *ret_fd);
int MUST_CHECK mdt_pending_remove(struct mdt *mdt, struct fid fid);
/* Calls fn for each FID in PENDING until it returns non-zero, which is returned. Twice for one that
 * has a commit unfinished, also where only that is left of it. */
int MUST_CHECK mdt_pending_for_each(struct mdt *mdt, int (*fn)(void *cookie, struct fid fid),
				    void *cookie);

/*
 * Inodes by number (mdt/numbers.h): whether they have generations, and whether they can be found. Constant while
 * open.
 */
bool mdt_numbers_known(const struct mdt *mdt);
bool mdt_numbers_can_find(const struct mdt *mdt);
/* The generation that a file handle of the inode has. -EOPNOTSUPP where they are not known. */
int MUST_CHECK mdt_get_generation(struct mdt *mdt, int fd, uint32_t *ret_generation);
/*
 * Opens the inode of that number, O_PATH. -ESTALE: there is none, it was removed, a directory is not below
 * ROOT, or it can't be found at all. Something else than a directory may be another's that has the same
 * file system: its generation tells, which the caller must compare with the one that was given out.
 */
int MUST_CHECK mdt_find(struct mdt *mdt, uint64_t number, int *ret_fd);
/* The same checks once more: the inode may have been removed while it was being found. */
int MUST_CHECK mdt_check_found(struct mdt *mdt, int fd);
/* The directory above, of ROOT itself. -ESTALE: that isn't below ROOT. */
int MUST_CHECK mdt_find_parent(struct mdt *mdt, int fd, int *ret_fd);

/* chmod(2). On an unprivileged volume modes must not be changed in another way: reserved xattrs
 * lend permission (ea.h). */
int MUST_CHECK mdt_chmod(struct mdt *mdt, int fd, mode_t mode);

/* Makes one inode durable: attributes and xattrs, of a directory also its names. fd may be O_PATH.
 */
int MUST_CHECK mdt_fsync(struct mdt *mdt, int fd);
/* Makes all changes so far durable (syncfs). */
int MUST_CHECK mdt_sync(struct mdt *mdt);

#endif
