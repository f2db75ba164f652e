/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Extended attributes. lustre.lov is the layout; what lovfs itself keeps with the MDT inode is
 * hidden; all others are those of the MDT inode, ACLs included. Who may touch which namespace has
 * been checked by the kernel.
 */
#include "lovfsd/ops.h"

#include "base/error.h"
#include "base/sys.h"
#include "inode/inode.h"
#include "lovfs_ioctl.h"
#include "lovfsd/durable.h"
#include "lovfsd/reply.h"
#include "lovfsd/session.h"
#include "volume/inode_attr.h"
#include "volume/layout_attr.h"
#include "volume/xattr_names.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define XATTR_BYTES_MAX 65536 /* XATTR_SIZE_MAX and XATTR_LIST_MAX of xattr(7) */
#define GROUPS_MAX 65536      /* NGROUPS_MAX */

/* Older programs, and those that look at an MDT, know the layout by this name. The kernel lets only
 * root ask for it. */
#define MDT_LAYOUT_XATTR "trusted.lov"
#define ACL_XATTR "system.posix_acl_access"

static bool is_layout(const char *name)
{
	return strcmp(name, LOVFS_LAYOUT_XATTR) == 0;
}

/* Answers a getxattr or listxattr of `size` bytes (0: the caller asks for the length) with n bytes,
 * or an error. */
static void reply_bytes(fuse_req_t req, ssize_t n, const void *buf, size_t size,
			struct inode *inode, const char *what)
{
	if (n >= 0 && size && (size_t)n > size)
		n = -ERANGE;
	if (n < 0)
		reply_err(req, (int)n, inode, what);
	else if (size == 0)
		fuse_reply_xattr(req, (size_t)n);
	else
		fuse_reply_buf(req, buf, (size_t)n);
}

static ssize_t get_value(struct inode *inode, const char *name, void *buf, size_t size)
{
	if (is_layout(name) || strcmp(name, MDT_LAYOUT_XATTR) == 0)
		return layout_attr_get(inode, buf, size);
	if (xattr_names_reserved(inode, name) || inode_fd(inode) < 0)
		return -ENODATA;
	return sys_getxattr_fd(inode_fd(inode), name, buf, size);
}

static ssize_t get_fid_text(struct inode *inode, char text[FID_TEXT_MAX])
{
	struct fid fid;
	int err = inode_get_fid(inode, &fid);

	if (err)
		return err;
	fid_text(fid, text);
	return (ssize_t)strlen(text);
}

/* What there is of a file that can't be opened. -ENODATA: the name isn't one of those. */
static ssize_t get_owners_value(struct inode *inode, const char *name, uid_t uid, void *buf,
				size_t size)
{
	bool layout = strcmp(name, LOVFS_OWNERS_LAYOUT_XATTR) == 0;
	int err;

	if (!layout && strcmp(name, LOVFS_OWNERS_FID_XATTR) != 0)
		return -ENODATA;
	if (!inode_is_regular(inode) || inode_is_hidden(inode))
		return -ENODATA;
	err = inode_check_owner(inode, uid);
	if (err)
		return err;
	return layout ? layout_attr_get(inode, buf, size) : get_fid_text(inode, buf);
}

static void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	struct session *s = session_begin(req);
	struct inode *inode = session_inode(s, ino);
	void *buf = session_buffer(s, MAX_OF(size, XATTR_BYTES_MAX));
	ssize_t n =
		buf ? get_owners_value(inode, name, fuse_req_ctx(req)->uid, buf, size) : -ENOMEM;

	if (n == -ENODATA)
		n = get_value(inode, name, buf, size);

	reply_bytes(req, n, buf, size, inode, "getxattr");
}

/* Regular files say that they have a layout, as on Lustre. Returns the length; the list may be as
 * long as it gets. */
static ssize_t list_names(struct inode *inode, char *buf)
{
	ssize_t n = 0;

	if (inode_fd(inode) >= 0)
		n = sys_listxattr_fd(inode_fd(inode), buf, XATTR_BYTES_MAX);
	if (n < 0)
		return n;
	n = (ssize_t)xattr_names_filter(inode, buf, (size_t)n);
	if (inode_is_regular(inode) && layout_attr_get(inode, NULL, 0) > 0) {
		memcpy(buf + n, LOVFS_LAYOUT_XATTR, sizeof(LOVFS_LAYOUT_XATTR));
		n += (ssize_t)sizeof(LOVFS_LAYOUT_XATTR);
	}
	return n;
}

static void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	struct session *s = session_begin(req);
	struct inode *inode = session_inode(s, ino);
	char *buf = session_buffer(s, XATTR_BYTES_MAX + sizeof(LOVFS_LAYOUT_XATTR));
	ssize_t n = buf ? list_names(inode, buf) : -ENOMEM;

	reply_bytes(req, n, buf, size, inode, "listxattr");
}

/* A layout is set by the file's owner or root, as it decides where the owner's data goes. */
static int check_owner(fuse_req_t req, struct inode *inode)
{
	uid_t uid = fuse_req_ctx(req)->uid;
	struct stat st;
	int err;

	if (uid == 0)
		return 0;
	err = inode_attr_get(inode, &st);
	if (err)
		return err;
	return st.st_uid == uid ? 0 : fail(-EPERM, "only the owner and root may set a layout");
}

static int caller_in_group(fuse_req_t req, gid_t gid, bool *ret_in)
{
	CLEANUP_FREE gid_t *groups = NULL;
	int n;

	if (fuse_req_ctx(req)->gid == gid) {
		*ret_in = true;
		return 0;
	}
	groups = malloc(GROUPS_MAX * sizeof(*groups));
	if (!groups)
		return -ENOMEM;
	n = fuse_req_getgroups(req, GROUPS_MAX, groups);
	*ret_in = false;
	for (int i = 0; i < n && i < GROUPS_MAX; i++)
		*ret_in = *ret_in || groups[i] == gid;
	return 0;
}

/*
 * An ACL that somebody outside of the file's group sets takes the set-group-id bit away, as
 * chmod(2) would. The backing file system would have done so for the caller, but not for a daemon
 * that runs as root.
 */
static int drop_setgid(fuse_req_t req, struct inode *inode)
{
	struct stat st;
	bool in_group;
	int err = sys_fstat(inode_fd(inode), &st);

	if (err || !(st.st_mode & S_ISGID) || fuse_req_ctx(req)->uid == 0)
		return err;
	err = caller_in_group(req, st.st_gid, &in_group);
	if (err || in_group)
		return err;
	return sys_chmod_fd(inode_fd(inode), st.st_mode & ALLPERMS & ~(mode_t)S_ISGID);
}

static int set_layout(fuse_req_t req, struct inode *inode, const void *value, size_t size)
{
	int err = check_owner(req, inode);

	return err ? err : layout_attr_set(inode, value, size);
}

static int set_value(fuse_req_t req, struct inode *inode, const char *name, const char *value,
		     size_t size, int flags)
{
	int err;

	if (inode_fd(inode) < 0)
		return -EPERM;
	err = sys_setxattr_fd(inode_fd(inode), name, value, size, flags);
	if (err == 0 && strcmp(name, ACL_XATTR) == 0)
		err = drop_setgid(req, inode);
	return err;
}

static void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value,
			size_t size, int flags)
{
	struct session *s = session_begin(req);
	struct inode *inode = session_inode(s, ino);
	int err;

	if (is_layout(name))
		err = set_layout(req, inode, value, size);
	else if (xattr_names_reserved(inode, name))
		err = -EPERM;
	else
		err = set_value(req, inode, name, value, size, flags);
	if (err == 0)
		err = durable_inode(s, inode, false);
	reply_err(req, err, inode, "setxattr");
}

static void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	struct session *s = session_begin(req);
	struct inode *inode = session_inode(s, ino);
	int err;

	if (is_layout(name)) {
		err = check_owner(req, inode);
		if (err == 0)
			err = layout_attr_remove(inode);
	} else if (xattr_names_reserved(inode, name) || inode_fd(inode) < 0) {
		err = -EPERM;
	} else {
		err = sys_removexattr_fd(inode_fd(inode), name);
	}
	if (err == 0)
		err = durable_inode(s, inode, false);
	reply_err(req, err, inode, "removexattr");
}

void xattr_ops_fill(struct fuse_lowlevel_ops *ops)
{
	ops->getxattr = op_getxattr;
	ops->setxattr = op_setxattr;
	ops->listxattr = op_listxattr;
	ops->removexattr = op_removexattr;
}
