/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/rotational.h"

#include "base/attr.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>

#define PATH_BYTES 256
#define ATTRIBUTE_MAX 65536 /* sysfs says a page, whatever is in it */

/* -ENOENT: the device has no such queue of its own. */
static int read_flag(const char *sysfs, dev_t device, const char *queue, bool *ret_rotates)
{
	CLEANUP_FREE char *text = NULL;
	char path[PATH_BYTES];
	size_t len;
	int err, n = snprintf(path, sizeof(path), "%s/dev/block/%u:%u/%s/rotational", sysfs,
			      major(device), minor(device), queue);

	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	err = sys_read_file(AT_FDCWD, path, ATTRIBUTE_MAX, &text, &len);
	if (err)
		return err;
	*ret_rotates = text[0] == '1';
	return 0;
}

bool rotational_device(const char *sysfs, dev_t device)
{
	bool rotates = false;

	if (major(device) == 0) /* anonymous: there is no block device behind it */
		return false;
	if (read_flag(sysfs, device, "queue", &rotates) == -ENOENT &&
	    read_flag(sysfs, device, "../queue", &rotates))
		return false;
	return rotates;
}
