/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fs/fs_lustre_file.h"

#include "base/error.h"
#include "base/strbuf.h"
#include "base/sys.h"
#include "fs/fs_lustre.h"
#include "fs/layout_xattr.h"
#include "layout/codec.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* ---- layouts ---- */

/* Of the kernel's own knowledge: for the size of a file the servers would be asked. */
static bool is_directory(int fd)
{
	mode_t type;
	dev_t dev;

	return sys_stat_kind(fd, "", &type, &dev, AT_EMPTY_PATH) == 0 && S_ISDIR(type);
}

/* A directory's xattr never tells the first OST: only the ioctl does, which wants a descriptor that is open. */
static int directory_layout(int fd, struct layout **ret_layout)
{
	CLEANUP_FREE void *bytes = calloc(1, LAYOUT_BYTES_MAX);
	CLEANUP_FD int open_fd = sys_reopen(fd, O_RDONLY | O_DIRECTORY);
	size_t len;
	int err;

	if (!bytes)
		return fail(-ENOMEM, "no memory");
	if (open_fd < 0)
		return fail_sys(open_fd, "cannot open it");
	err = fs_lustre_getstripe(open_fd, bytes);
	if (err)
		return err;
	len = layout_stated_len(bytes, LAYOUT_BYTES_MAX);
	if (!len)
		return fail(-EUCLEAN, "its default layout is malformed");
	return layout_decode(bytes, len, ret_layout);
}

int fs_lustre_file_layout(int fd, struct layout **ret_layout)
{
	return is_directory(fd) ? directory_layout(fd, ret_layout)
				: layout_xattr_get(fd, ret_layout);
}

/* Setting the xattr of a file that has a layout succeeds and changes nothing. */
static int check_no_layout(int fd)
{
	CLEANUP_LAYOUT struct layout *now = NULL;
	int err = is_directory(fd) ? -ENODATA : layout_xattr_get(fd, &now);

	if (err == -ENODATA || (!err && !layout_has_objects(now)))
		return 0;
	return err ? err
		   : fail(-EEXIST, "has a layout and objects already; a layout is given to a new "
				   "file, or changed by migrate");
}

/* Of a plain layout the xattr would lose that OST 0 is asked for. */
static int set_plain(int fd, const struct layout *l)
{
	CLEANUP_FREE void *bytes = malloc(LAYOUT_BYTES_MAX);
	size_t len;
	int err;

	if (!bytes)
		return fail(-ENOMEM, "no memory");
	err = layout_encode(l, bytes, LAYOUT_BYTES_MAX, &len);
	return err ? fail_sys(err, "cannot encode the layout") : fs_lustre_setstripe(fd, bytes);
}

/* Whom a server doesn't let set layouts (enable_setstripe_gid) is told that it was done. */
static int check_taken(int fd)
{
	CLEANUP_LAYOUT struct layout *now = NULL;
	int err = is_directory(fd) ? 0 : layout_xattr_get(fd, &now);

	if (err == -ENODATA)
		return fail(-EPERM,
			    "its layout was not set: the servers don't allow it to this user");
	return err;
}

/* Which OSTs a layout asks for, where it does. */
static void add_wish(struct strbuf *out, const struct component *c)
{
	const char *separator = out->len_bytes ? ", " : "";

	if (c->magic == LAYOUT_MAGIC_SPECIFIC) {
		for (uint16_t i = 0; i < c->object_count; i++)
			strbuf_printf(out, "%sOST %" PRIu32, i ? ", " : separator,
				      c->objects[i].ost_idx);
	} else if (c->offset_or_gen != LAYOUT_OFFSET_ANY && !(c->pattern & PATTERN_MDT)) {
		strbuf_printf(out, "%s%s%" PRIu16, separator,
			      c->stripe_count == 1 ? "OST " : "OSTs from ", c->offset_or_gen);
	} else if (c->pool[0]) {
		strbuf_printf(out, "%spool %s", separator, c->pool);
	}
}

/* A server says ENOSPC of any OST that is full, and doesn't say of which. */
static int name_full(int err, const struct layout *l)
{
	CLEANUP_STRBUF struct strbuf wishes = { 0 };

	for (uint32_t i = 0; i < l->count; i++)
		add_wish(&wishes, &l->comps[i]);
	if (wishes.err || !wishes.len_bytes)
		return err;
	return fail_sys(err, "cannot set the layout (%s asked for)", strbuf_text(&wishes));
}

/* Of a file that has none. */
static int set_layout(int fd, const struct layout *l)
{
	int err = l->kind == LAYOUT_PLAIN ? set_plain(fd, l) : layout_xattr_set(fd, l);

	if (err == -ENOSPC)
		return name_full(err, l);
	return err ? err : check_taken(fd);
}

int fs_lustre_file_set_layout(int fd, const struct layout *l)
{
	int err = check_no_layout(fd);

	return err ? err : set_layout(fd, l);
}

/* ---- FIDs ---- */

/* A file handle of Lustre (struct lustre_file_handle) is the FID, in the machine's byte order, and its
 * parent's. */
#define HANDLE_BYTES 32
#define HANDLE_FID_BYTES 16
#define HANDLE_TYPE 0x97

int fs_lustre_file_fid(int fd, struct fid *ret_fid)
{
	union {
		struct file_handle handle;
		uint8_t room[sizeof(struct file_handle) + HANDLE_BYTES];
	} u = { .handle = { .handle_bytes = HANDLE_BYTES } };
	struct fid fid;
	int err = sys_name_to_handle(fd, &u.handle);

	if (err)
		return fail_sys(err, "cannot ask for its FID");
	if (u.handle.handle_type != HANDLE_TYPE || u.handle.handle_bytes < HANDLE_FID_BYTES)
		return fail(-EPROTO, "cannot ask for its FID: its file handle is of type 0x%x",
			    (unsigned int)u.handle.handle_type);
	memcpy(&fid.seq, u.handle.f_handle, 8);
	memcpy(&fid.oid, u.handle.f_handle + 8, 4);
	memcpy(&fid.ver, u.handle.f_handle + 12, 4);
	*ret_fid = fid;
	return 0;
}

/* ---- victims ---- */

/* A volatile file: no name, and gone at its last close. */
#define VOLATILE_PREFIX ".\x0c\x13\x14\x12:VOLATILE:"
_Static_assert(sizeof(VOLATILE_PREFIX) - 1 == 15, "LUSTRE_VOLATILE_HDR and a colon");

static int volatile_name(int src_fd, char *name, size_t size)
{
	uint32_t r, mdt_idx;
	int err = fs_lustre_mdt_index(src_fd, &mdt_idx);

	if (err)
		return err;
	if (getrandom(&r, sizeof(r), 0) != sizeof(r))
		return fail_sys(-errno, "cannot get a random number");
	snprintf(name, size, VOLATILE_PREFIX "%04X:%08" PRIx32 ":fd=%02d", mdt_idx, r, src_fd);
	return 0;
}

int fs_lustre_file_victim(int dirfd, int src_fd, const struct layout *l, int flags, int *ret_fd)
{
	CLEANUP_FD int fd = -1;
	char name[80];
	int err = volatile_name(src_fd, name, sizeof(name));

	if (err)
		return err;
	fd = sys_openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | flags, 0600);
	if (fd < 0)
		return fail_sys(fd, "cannot make a temporary file in its directory%s",
				fs_lustre_hint(fd));
	err = l ? set_layout(fd, l) : 0;
	if (err)
		return err;
	*ret_fd = fd_steal(&fd);
	return 0;
}
