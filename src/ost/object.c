/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ost/object.h"

#include "base/error.h"
#include "base/sys.h"
#include "ost/object_dir.h"
#include "ost/ost.h"
#include "ost/ost_impl.h"
#include "ost/parent.h"
#include "ost/refusal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define OBJECT_NAME_MAX 16
#define CREATE_CHECK_MS 1000 /* how old the look at the label may be when an object is created */

static const char *object_name(struct fid id, char buf[OBJECT_NAME_MAX])
{
	snprintf(buf, OBJECT_NAME_MAX, "%" PRIu32, id.oid);
	return buf;
}

/* -EUCLEAN: this OST can't have given out such an id. */
static int check_id(const struct ost *ost, struct fid id)
{
	uint64_t first = OST_SEQ_BASE + (uint64_t)ost->label.index * OST_SEQ_STEP;
	char text[FID_TEXT_MAX];

	if (id.seq >= first && id.seq - first < OST_SEQ_STEP && id.oid != 0 && id.ver == 0)
		return 0;
	return fail(-EUCLEAN, "%s is no object id of OST %u", fid_text(id, text), ost->label.index);
}

/* Sets the text for an operation on an object that failed, and gives the errno to return. */
static int report(struct ost *ost, struct fid id, const char *what, int err)
{
	char text[FID_TEXT_MAX];

	err = ost_judge(ost, err);
	if (!ost_active(ost))
		return ost_check_active(ost);
	fid_text(id, text);
	if (err == -ENOENT)
		return fail(-EIO, "OST %u: object %s is missing", ost->label.index, text);
	if (err == -ENOTDIR || err == -ESTALE || err == -ELOOP || err == -EISDIR)
		return fail(-EIO, "OST %u: %s object %s: %s", ost->label.index, what, text,
			    strerrordesc_np(-err));
	return fail_sys(err, "OST %u: %s object %s", ost->label.index, what, text);
}

/* Before any operation on an existing object: the OST is there and the id may be one of its. */
static int begin(struct ost *ost, struct fid id)
{
	int err = ost_check_active(ost);

	return err ? err : check_id(ost, id);
}

/* Opens an object by its directory. Returns the descriptor, without text. */
static int open_object(struct ost *ost, struct fid id, int flags)
{
	CLEANUP_OBJECT_DIR struct object_dir dir = OBJECT_DIR_NONE;
	char name[OBJECT_NAME_MAX];
	int fd, err = object_dir_get(ost, id, false, &dir);

	if (err)
		return err;
	object_name(id, name);
	fd = sys_openat(dir.fd, name, flags | O_NOFOLLOW, 0);
	/* An object that was given to another user. */
	if (fd == -EPERM && (flags & O_NOATIME))
		fd = sys_openat(dir.fd, name, (flags & ~O_NOATIME) | O_NOFOLLOW, 0);
	return fd;
}

static int new_id(struct ost *ost, struct fid *ret_id)
{
	uint64_t first = OST_SEQ_BASE + (uint64_t)ost->label.index * OST_SEQ_STEP, number;
	int err;

	do {
		err = idfile_next(&ost->ids, &number);
		if (err)
			return err;
	} while ((number & UINT32_MAX) == 0); /* object 0 is nobody's */
	if (number >> 32 >= OST_SEQ_STEP)
		return fail(-EUCLEAN, "OST %u: no object ids left", ost->label.index);
	*ret_id = (struct fid){ .seq = first + (number >> 32), .oid = (uint32_t)number };
	return 0;
}

static int set_parent(struct ost *ost, int fd, const struct ost_parent *parent)
{
	uint8_t bytes[PARENT_BYTES];

	parent_encode(parent, bytes);
	return sys_setxattr_fd(fd, ost->parent_xattr, bytes, sizeof(bytes), 0);
}

/* An object without its parent xattr would look like a stranger to fsck: it has one or isn't there.
 */
static int create_in(struct ost *ost, const struct object_dir *dir, struct fid id,
		     const struct ost_parent *parent)
{
	CLEANUP_FD int fd = -1;
	char name[OBJECT_NAME_MAX];
	int err;

	object_name(id, name);
	fd = sys_openat(dir->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fd;
	err = set_parent(ost, fd, parent);
	if (err)
		(void)!sys_unlinkat(dir->fd, name, 0);
	atomic_store(dir->changed, true);
	return err;
}

static int report_create(struct ost *ost, struct fid id, int err)
{
	if (err == -EUCLEAN)
		return err;
	if (err == -EEXIST)
		return fail(-EUCLEAN,
			    "OST %u: " OST_LAST_ID " is behind, object %" PRIu32 " exists",
			    ost->label.index, id.oid);
	err = ost_judge(ost, err);
	if (!ost_active(ost))
		return ost_check_active(ost);
	if (err == -ENOENT || err == -ENOTDIR || err == -ESTALE)
		return fail(-EIO, "OST %u (%s): create object: its directory is gone",
			    ost->label.index, ost->path);
	return fail_sys(err, "OST %u (%s): create object", ost->label.index, ost->path);
}

int object_create(struct ost *ost, const struct ost_parent *parent, struct fid *ret_id)
{
	CLEANUP_OBJECT_DIR struct object_dir dir = OBJECT_DIR_NONE;
	struct fid id = { 0 };
	int err = ost_check_label(ost, CREATE_CHECK_MS);

	if (!err)
		err = new_id(ost, &id);
	if (!err)
		err = object_dir_get(ost, id, true, &dir);
	if (!err)
		err = create_in(ost, &dir, id, parent);
	if (err) {
		refusal_note(ost, id, err);
		return report_create(ost, id, err);
	}
	*ret_id = id;
	return 0;
}

int object_open(struct ost *ost, struct fid id, int flags)
{
	int fd = begin(ost, id);

	if (fd < 0)
		return fd;
	fd = open_object(ost, id, flags | O_NOATIME);
	return fd < 0 ? report(ost, id, "open", fd) : fd;
}

int object_stat(struct ost *ost, struct fid id, struct stat *ret_st)
{
	CLEANUP_OBJECT_DIR struct object_dir dir = OBJECT_DIR_NONE;
	char name[OBJECT_NAME_MAX];
	int err = begin(ost, id);

	if (err)
		return err;
	err = object_dir_get(ost, id, false, &dir);
	if (!err)
		err = sys_fstatat(dir.fd, object_name(id, name), ret_st, AT_SYMLINK_NOFOLLOW);
	return err ? report(ost, id, "stat", err) : 0;
}

int object_destroy(struct ost *ost, struct fid id)
{
	CLEANUP_OBJECT_DIR struct object_dir dir = OBJECT_DIR_NONE;
	char name[OBJECT_NAME_MAX];
	int err = begin(ost, id);

	if (err)
		return err;
	err = object_dir_get(ost, id, false, &dir);
	if (!err)
		err = sys_unlinkat(dir.fd, object_name(id, name), 0);
	if (!err) {
		atomic_store(dir.changed, true);
		return 0;
	}
	err = ost_judge(ost, err);
	return err == -ENOENT ? 0 : report(ost, id, "destroy", err);
}

int object_set_parent(struct ost *ost, struct fid id, const struct ost_parent *parent)
{
	CLEANUP_FD int fd = -1;
	int err = begin(ost, id);

	if (err)
		return err;
	fd = open_object(ost, id, O_PATH);
	err = fd < 0 ? fd : set_parent(ost, fd, parent);
	return err ? report(ost, id, "set parent of", err) : 0;
}

int object_get_parent(struct ost *ost, struct fid id, struct ost_parent *ret_parent)
{
	CLEANUP_FD int fd = -1;
	uint8_t bytes[PARENT_BYTES + 1]; /* one more, so that one too long is seen as such */
	ssize_t n = begin(ost, id);

	if (n < 0)
		return (int)n;
	fd = open_object(ost, id, O_PATH);
	n = fd < 0 ? fd : sys_getxattr_fd(fd, ost->parent_xattr, bytes, sizeof(bytes));
	if (n == -ERANGE)
		return fail(-EUCLEAN, "OST %u: object %" PRIu32 ": parent xattr is too long",
			    ost->label.index, id.oid);
	if (n == -ENODATA)
		return fail(-ENODATA, "OST %u: object %" PRIu32 " has no parent xattr",
			    ost->label.index, id.oid);
	return n < 0 ? report(ost, id, "get parent of", (int)n)
		     : parent_decode(bytes, (size_t)n, ret_parent);
}
