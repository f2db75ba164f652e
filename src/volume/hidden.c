/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The hidden directory: .lovfs/mirror/<FID>/<mirror id> is one mirror of a file as a file of its
 * own, with pages and a lock of its own in the kernel. Files are found while they are in use; only
 * root and the file's owner get in, because the file's own path may be closed to others.
 */
#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"
#include "lovfs_ioctl.h"
#include "volume/volume_impl.h"

#include <errno.h>
#include <string.h>

/* The inode in use that has this FID, with a reference. */
static int find_by_fid(struct volume *vol, struct fid fid, struct inode **ret_inode)
{
	struct inode *found = NULL;

	pthread_mutex_lock(&vol->table_lock);
	for (size_t b = 0; b < vol->table.bucket_count && !found; b++) {
		for (struct inode *i = vol->table.buckets[b]; i; i = i->next) {
			if (i->kind == INODE_MDT && i->have_fid && fid_equal(i->fid, fid) &&
			    inode_is_regular(i)) {
				i->refs++;
				found = i;
				break;
			}
		}
	}
	pthread_mutex_unlock(&vol->table_lock);
	if (!found)
		return -ENOENT;
	*ret_inode = found;
	return 0;
}

static int check_owner(struct inode *inode, uid_t uid)
{
	struct stat st;
	int err = sys_fstat(inode->fd, &st);

	if (err)
		return err;
	return uid == 0 || uid == st.st_uid ? 0 : -EACCES;
}

static int lookup_fid(struct inode *parent, const char *name, uid_t uid, struct inode **ret_inode)
{
	struct inode *target;
	struct fid fid;
	int err;

	if (fid_parse(name, &fid))
		return -ENOENT;
	err = find_by_fid(parent->vol, fid, &target);
	if (err)
		return err;
	err = check_owner(target, uid);
	if (!err)
		err = inode_obtain_hidden(parent->vol, INODE_HIDDEN_FILE, target, 0, ret_inode);
	inode_forget(target, 1);
	return err;
}

/* Mirror 0 is the whole of a file that has no mirrors. */
static int lookup_mirror(struct inode *parent, const char *name, uid_t uid,
			 struct inode **ret_inode)
{
	int err = check_owner(parent->target, uid);

	if (err)
		return err;
	if (strcmp(name, "0") != 0)
		return -ENOENT;
	return inode_obtain_hidden(parent->vol, INODE_MIRROR, parent->target, 0, ret_inode);
}

int hidden_lookup(struct inode *parent, const char *name, uid_t uid, struct inode **ret_inode)
{
	switch (parent->kind) {
	case INODE_MDT:
		return inode_obtain_hidden(parent->vol, INODE_HIDDEN_ROOT, NULL, 0, ret_inode);
	case INODE_HIDDEN_ROOT:
		if (strcmp(name, "mirror") != 0)
			return -ENOENT;
		return inode_obtain_hidden(parent->vol, INODE_HIDDEN_MIRRORS, NULL, 0, ret_inode);
	case INODE_HIDDEN_MIRRORS:
		return lookup_fid(parent, name, uid, ret_inode);
	case INODE_HIDDEN_FILE:
		return lookup_mirror(parent, name, uid, ret_inode);
	case INODE_MIRROR:
		break;
	}
	return -ENOTDIR;
}

int hidden_getattr(struct inode *inode, struct stat *ret_st)
{
	struct stat st;
	int err = inode->target ? inode_getattr(inode->target, &st)
				: inode_getattr(inode->vol->root, &st);

	if (err)
		return err;
	/* Directories can be passed by all: what is behind a FID asks for the owner. Mirrors can't
	 * be written. */
	if (inode->kind == INODE_MIRROR)
		st.st_mode &= S_IFMT | 0700;
	else
		st.st_mode = S_IFDIR | 0111;
	st.st_ino = (uint64_t)inode->kind << 60 ^ inode->ino;
	st.st_nlink = inode->kind == INODE_MIRROR ? 1 : 2;
	*ret_st = st;
	return 0;
}
