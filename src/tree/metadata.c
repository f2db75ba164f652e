/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tree/metadata.h"

#include "base/error.h"
#include "base/sys.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define ACL_ACCESS "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"
#define CAPABILITIES "security.capability"

/* Of xattr(7): the largest value, and the largest list of names. */
#define XATTR_BYTES_MAX 65536

/* O_PATH descriptors need the way through /proc. */
struct calls {
	int (*chmod)(int fd, mode_t mode);
	int (*utimens)(int fd, const struct timespec times[2]);
	ssize_t (*getxattr)(int fd, const char *name, void *buf, size_t size);
	ssize_t (*listxattr)(int fd, char *buf, size_t size);
	int (*setxattr)(int fd, const char *name, const void *value, size_t len_bytes, int flags);
	int (*removexattr)(int fd, const char *name);
};

static const struct calls by_fd = {
	sys_fchmod, sys_futimens, sys_fgetxattr, sys_flistxattr, sys_fsetxattr, sys_fremovexattr,
};

static const struct calls by_path = {
	sys_chmod_fd,     sys_utimens_fd,  sys_getxattr_fd,
	sys_listxattr_fd, sys_setxattr_fd, sys_removexattr_fd,
};

struct copying {
	const struct metadata_request *r;
	const struct calls *calls;
	mode_t mode;          /* to be given */
	bool mode_may_differ; /* from what dst_st says: an owner or ACL was set */
	int err;              /* the first one; its text is set */
};

/* Only the first error is told. */
static void failed(struct copying *c, int err, const char *what)
{
	if (!c->err)
		c->err = fail_sys(err, "%s cannot be kept", what);
}

static void copy_owner(struct copying *c)
{
	const struct stat *from = c->r->src_st, *to = c->r->dst_st;
	int err;

	if (from->st_uid == to->st_uid && from->st_gid == to->st_gid)
		return;
	c->mode_may_differ = true;
	err = sys_chown_fd(c->r->dst_fd, from->st_uid, from->st_gid);
	if (!err)
		return;
	/* Whoever may not give files away may have the group. */
	if (from->st_gid != to->st_gid)
		(void)!sys_chown_fd(c->r->dst_fd, (uid_t)-1, from->st_gid);
	c->mode &= ~(mode_t)(S_ISUID | S_ISGID);
	if (geteuid() == 0 || (err != -EPERM && err != -EINVAL))
		failed(c, err, "its owner");
}

/* ---- extended attributes ---- */

static bool is_acl(const char *name)
{
	return strcmp(name, ACL_ACCESS) == 0 || strcmp(name, ACL_DEFAULT) == 0;
}

static bool is_left_out(const struct copying *c, const char *name)
{
	return strncmp(name, "lustre.", strlen("lustre.")) == 0 ||
	       (c->r->data_differs && strcmp(name, CAPABILITIES) == 0);
}

static bool is_refusal(int err)
{
	return err == -EOPNOTSUPP || err == -EPERM || err == -EACCES || err == -EINVAL;
}

static void copy_xattr(struct copying *c, const char *name, char *value)
{
	ssize_t n = c->calls->getxattr(c->r->src_fd, name, value, XATTR_BYTES_MAX);
	int err = n < 0 ? (int)n : c->calls->setxattr(c->r->dst_fd, name, value, (size_t)n, 0);

	c->mode_may_differ = c->mode_may_differ || is_acl(name);
	/* ENODATA: it was removed just now. */
	if (!err || err == -ENODATA || (is_refusal(err) && !is_acl(name)))
		return;
	failed(c, err, is_acl(name) ? "its ACL" : name);
}

/* The names, each with its NUL, in a buffer of the caller's or one that is allocated. */
static ssize_t list_names(const struct copying *c, char *small, size_t size, char **ret_large)
{
	ssize_t n = c->calls->listxattr(c->r->src_fd, small, size);

	if (n != -ERANGE)
		return n;
	*ret_large = malloc(XATTR_BYTES_MAX);
	return *ret_large ? c->calls->listxattr(c->r->src_fd, *ret_large, XATTR_BYTES_MAX)
			  : -ENOMEM;
}

static void remove_acl(struct copying *c, const char *name)
{
	int err = c->calls->removexattr(c->r->dst_fd, name);

	c->mode_may_differ = true;
	if (err && err != -ENODATA && err != -EOPNOTSUPP)
		failed(c, err, "the lack of an ACL");
}

static void copy_xattrs(struct copying *c)
{
	CLEANUP_FREE char *large = NULL;
	CLEANUP_FREE char *value = NULL;
	char small[1024];
	bool access = false, by_default = false;
	ssize_t n = list_names(c, small, sizeof(small), &large);
	const char *name = large ? large : small, *end;

	if (n < 0 && n != -EOPNOTSUPP) {
		failed(c, (int)n, "its extended attributes");
		return;
	}
	end = name + MAX_OF(n, 0);
	if (n > 0) {
		value = malloc(XATTR_BYTES_MAX);
		if (!value) {
			failed(c, -ENOMEM, "its extended attributes");
			return;
		}
	}
	for (; name < end; name += strlen(name) + 1) {
		access = access || strcmp(name, ACL_ACCESS) == 0;
		by_default = by_default || strcmp(name, ACL_DEFAULT) == 0;
		if (!is_left_out(c, name))
			copy_xattr(c, name, value);
	}
	if (!c->r->may_have_acl)
		return;
	if (!access)
		remove_acl(c, ACL_ACCESS);
	if (!by_default && S_ISDIR(c->r->src_st->st_mode))
		remove_acl(c, ACL_DEFAULT);
}

/* ---- the whole ---- */

static void copy_mode(struct copying *c)
{
	int err;

	if (!c->mode_may_differ && (c->r->dst_st->st_mode & 07777) == c->mode)
		return;
	err = c->calls->chmod(c->r->dst_fd, c->mode);
	if (err)
		failed(c, err, "its mode");
}

int metadata_copy(const struct metadata_request *r)
{
	struct copying c = {
		.r = r,
		.calls = r->by_path ? &by_path : &by_fd,
		.mode = r->src_st->st_mode & 07777,
	};
	const struct timespec times[2] = { r->src_st->st_atim, r->src_st->st_mtim };
	int err;

	if (r->data_differs && geteuid() != 0)
		c.mode &= ~(mode_t)(S_ISUID | S_ISGID);
	copy_owner(&c);
	copy_xattrs(&c);
	if (!S_ISLNK(r->src_st->st_mode))
		copy_mode(&c);
	err = r->data_differs ? 0 : c.calls->utimens(r->dst_fd, times);
	if (err)
		failed(&c, err, "its times");
	return c.err;
}

bool metadata_has_default_acl(int dir_fd)
{
	ssize_t n = sys_getxattr_fd(dir_fd, ACL_DEFAULT, NULL, 0);

	return n > 0;
}
