/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fs/ask.h"

#include "base/error.h"
#include "base/sys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int ask_ioctl(int fd, unsigned long request, void *arg, const char *what)
{
	int err = sys_ioctl(fd, request, arg);

	if (err == -ENOTCONN || err == -ECONNABORTED)
		return fail(err, "cannot %s: the daemon of the volume is gone", what);
	return err < 0 ? fail_sys(err, "cannot %s", what) : 0;
}

int ask_ioc_fid(int fd, struct lovfs_ioc_fid *ret_fid)
{
	struct lovfs_ioc_fid f;
	int err;

	memset(&f, 0, sizeof(f));
	err = ask_ioctl(fd, LOVFS_IOC_FID, &f, "ask for its FID");
	if (!err)
		*ret_fid = f;
	return err;
}

int ask_fid(int fd, struct fid *ret_fid)
{
	struct lovfs_ioc_fid f;
	int err = ask_ioc_fid(fd, &f);

	if (!err)
		*ret_fid = (struct fid){ .seq = f.seq, .oid = f.oid, .ver = f.ver };
	return err;
}

void ask_take_text(char *dst, size_t dst_size, const char *src, size_t src_size)
{
	snprintf(dst, dst_size, "%.*s", (int)strnlen(src, src_size), src);
}

int ask_outcome(int32_t result, const char *why, size_t why_size, const char *what)
{
	char text[ERROR_TEXT_MAX];

	if (result == 0)
		return 0;
	ask_take_text(text, sizeof(text), why, why_size);
	if (text[0])
		return fail(result, "cannot %s: %s", what, text);
	return fail_sys(result, "cannot %s", what);
}
