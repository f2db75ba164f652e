/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fs/layout_xattr.h"

#include "base/error.h"
#include "base/sys.h"
#include "layout/codec.h"
#include "lovfs_ioctl.h"

#include <errno.h>
#include <stdlib.h>

int layout_xattr_get_named(int fd, const char *name, struct layout **ret_layout)
{
	CLEANUP_FREE void *bytes = malloc(LAYOUT_BYTES_MAX);
	ssize_t len;

	if (!bytes)
		return -ENOMEM;
	len = sys_getxattr_fd(fd, name, bytes, LAYOUT_BYTES_MAX);
	if (len == -ENODATA)
		return fail(-ENODATA, "has no layout");
	if (len == -EUCLEAN)
		return fail(-EUCLEAN, "its layout is malformed");
	if (len < 0)
		return fail_sys((int)len, "cannot read its layout");
	return layout_decode(bytes, (size_t)len, ret_layout);
}

int layout_xattr_get(int fd, struct layout **ret_layout)
{
	return layout_xattr_get_named(fd, LOVFS_LAYOUT_XATTR, ret_layout);
}

int layout_xattr_set(int fd, const struct layout *l)
{
	CLEANUP_FREE void *bytes = malloc(LAYOUT_BYTES_MAX);
	size_t len;
	int err;

	if (!bytes)
		return -ENOMEM;
	err = layout_encode(l, bytes, LAYOUT_BYTES_MAX, &len);
	if (err)
		return fail_sys(err, "cannot encode the layout");
	err = sys_setxattr_fd(fd, LOVFS_LAYOUT_XATTR, bytes, len, 0);
	if (err == -EEXIST)
		return fail(err, "has a layout and objects already; a layout is given to a new "
				 "file, or changed by migrate");
	return err ? fail_sys(err, "cannot set the layout") : 0;
}
