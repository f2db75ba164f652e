/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume/hidden.h"

#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"
#include "inode/inode.h"
#include "inode/inode_kind.h"
#include "inode/inode_state.h"
#include "inode/volume_state.h"
#include "layout/mirror.h"
#include "lovfs_ioctl.h"
#include "mdt/mdt.h"
#include "volume/stat.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#define ACL_XATTR "system.posix_acl_access"
#define MIRROR_ID_MAX 65535

/* ---- who may ---- */

/* Whether everybody may pass the directory, whoever he is. An ACL may except somebody. */
static bool is_passable(int fd)
{
	struct stat st;

	return sys_fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && (st.st_mode & 0111) == 0111 &&
	       sys_getxattr_fd(fd, ACL_XATTR, NULL, 0) <= 0;
}

/* The path of fd from the root of the name tree on, without a slash in front. False: it has none. */
static bool find_path(struct volume *vol, int fd, char path[PATH_MAX])
{
	char link[FD_PATH_MAX], root[PATH_MAX];
	ssize_t len =
		sys_readlinkat(AT_FDCWD, fd_path(mdt_root_fd(vol->mdt), link), root, PATH_MAX);

	if (len < 0 || sys_readlinkat(AT_FDCWD, fd_path(fd, link), path, PATH_MAX) < 0)
		return false;
	if (strncmp(path, root, (size_t)len) != 0 || path[len] != '/')
		return false;
	memmove(path, path + len + 1, strlen(path + len + 1) + 1);
	return true;
}

/* Goes the path, as anybody would, to the inode. */
static bool is_open_to_all(struct inode *inode)
{
	CLEANUP_FD int dirfd = sys_reopen(mdt_root_fd(inode->vol->mdt), O_PATH | O_DIRECTORY);
	char path[PATH_MAX], *name = path, *slash;
	struct stat st;

	if (dirfd < 0 || !find_path(inode->vol, inode->fd, path))
		return false;
	for (; (slash = strchr(name, '/')); name = slash + 1) {
		int next;

		*slash = '\0';
		if (!is_passable(dirfd))
			return false;
		next = sys_openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
		if (next < 0)
			return false;
		fd_cleanup(&dirfd);
		dirfd = next;
	}
	return is_passable(dirfd) && sys_fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       st.st_ino == inode->ino;
}

static int check_access(struct inode *inode, uid_t uid)
{
	return inode_check_owner(inode, uid) == 0 || is_open_to_all(inode) ? 0 : -EACCES;
}

/* ---- looking up ---- */

static int lookup_fid(struct inode *parent, const char *name, uid_t uid, struct inode **ret_inode)
{
	struct inode *target;
	struct fid fid;
	int err;

	if (fid_parse(name, &fid))
		return -ENOENT;
	err = inode_find(parent->vol, fid, &target);
	if (err)
		return err;
	err = check_access(target, uid);
	if (!err)
		err = inode_obtain_hidden(parent->vol, INODE_HIDDEN_FILE, target, 0, ret_inode);
	inode_forget(target, 1);
	return err;
}

/* Whether the file has this mirror beside others; where it has none, it is the whole file that is
 * read. */
static bool has_mirror(struct inode *file, uint32_t mirror_id)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	struct file *f;

	if (inode_get_file(file, &f))
		return false;
	l = file_layout(f);
	return l && l->mirror_count > 1 && mirror_exists(l, mirror_id);
}

static int lookup_mirror(struct inode *parent, const char *name, uid_t uid,
			 struct inode **ret_inode)
{
	uint64_t id;
	int err = check_access(parent->target, uid);

	if (err)
		return err;
	/* One name for each: no zeros in front. */
	if (number_parse(name, FILE_WHOLE, MIRROR_ID_MAX, &id) < 0 || (name[0] == '0' && name[1]))
		return -ENOENT;
	if (id != FILE_WHOLE && !has_mirror(parent->target, (uint32_t)id))
		return -ENOENT;
	return inode_obtain_hidden(parent->vol, INODE_MIRROR, parent->target, (uint32_t)id,
				   ret_inode);
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

/* What the mirror's own objects say. */
static int add_mirror(struct inode *inode, struct stat *st, int *ret_doubt)
{
	struct file_attr attr;
	struct file *f;
	int err = inode_get_file(inode, &f);

	if (!err)
		err = file_stat(f, inode->mirror_id, &attr);
	if (err)
		return err;
	st->st_size = (off_t)attr.size_bytes;
	st->st_blocks = (blkcnt_t)attr.blocks;
	*ret_doubt =
		attr.complete ? 0 : file_size_unknown(f, inode->mirror_id, "the mirror's size");
	return 0;
}

/* A mirror that is being brought up is written by who does that, not by all who may write the file: what
 * they wrote there would make it differ. */
static mode_t mode_mask(const struct inode *inode)
{
	return inode->mirror_id == FILE_WHOLE ? 0777 : 0755;
}

int hidden_getattr(struct inode *inode, struct stat *ret_st, int *ret_doubt)
{
	struct inode *of = inode->target ? inode->target : inode->vol->root;
	struct stat st;
	int doubt, err = stat_inode(of, &st, &doubt);

	if (!err && inode->kind == INODE_MIRROR && inode->mirror_id != FILE_WHOLE)
		err = add_mirror(inode, &st, &doubt);
	if (err)
		return err;
	if (inode->kind != INODE_MIRROR) /* a directory */
		doubt = 0;
	/* Directories can be passed by all: what is behind a FID asks who it is. A mirror is no
	 * program, and has no set-id bits that a write would have to clear. */
	if (inode->kind == INODE_MIRROR)
		st.st_mode &= S_IFMT | mode_mask(inode);
	else
		st.st_mode = S_IFDIR | 0111;
	/* Files that are compared must not look like one. */
	st.st_ino = (uint64_t)inode->kind << 60 ^ (uint64_t)inode->mirror_id << 40 ^ inode->ino;
	st.st_nlink = inode->kind == INODE_MIRROR ? 1 : 2;
	*ret_st = st;
	*ret_doubt = doubt;
	return 0;
}
