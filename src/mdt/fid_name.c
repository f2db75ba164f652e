/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdt/fid_name.h"

#include <string.h>

const char *fid_name(struct fid fid, char buf[FID_NAME_MAX])
{
	size_t len;

	fid_text(fid, buf);
	len = strlen(buf);
	memmove(buf, buf + 1, len - 2);
	buf[len - 2] = '\0';
	return buf;
}
