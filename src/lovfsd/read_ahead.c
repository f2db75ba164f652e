/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lovfsd/read_ahead.h"

#include "base/error.h"
#include "base/log.h"
#include "base/sys.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>

static int set(const char *mount_path, unsigned int kib)
{
	CLEANUP_FD int fd = -1;
	char path[64], value[16];
	struct stat st;
	int len, err = sys_fstatat(AT_FDCWD, mount_path, &st, 0);

	if (err)
		return err;
	snprintf(path, sizeof(path), "/sys/class/bdi/%u:%u/read_ahead_kb", major(st.st_dev),
		 minor(st.st_dev));
	fd = sys_openat(AT_FDCWD, path, O_WRONLY, 0);
	if (fd < 0)
		return fd;
	len = snprintf(value, sizeof(value), "%u\n", kib);
	return sys_pwrite_full(fd, value, (size_t)len, 0);
}

void read_ahead_raise(const char *mount_path, unsigned int kib)
{
	int err = set(mount_path, kib);

	if (err)
		log_debug("%s: read-ahead not raised: %s", mount_path, error_text(err));
}
