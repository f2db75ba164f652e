/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lovfsd/read_ahead.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mountinfo.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#define LOOKS 100
#define LOOK_PAUSE_NS (20 * (long)NS_PER_MS)

static int open_setting(const char *mount_path)
{
	CLEANUP_FREE struct mountinfo *m = malloc(sizeof(*m));
	char path[64];
	int err = m ? mountinfo_at(MOUNTINFO_OWN, mount_path, "fuse.lovfs", m) : -ENOMEM;

	if (err)
		return err;
	snprintf(path, sizeof(path), "/sys/class/bdi/%u:%u/read_ahead_kb", major(m->dev),
		 minor(m->dev));
	return sys_openat(AT_FDCWD, path, O_RDWR, 0);
}

/* Sets it unless it is so already. */
static int set(int fd, unsigned int kib)
{
	char value[16], now[16] = "";
	int len = snprintf(value, sizeof(value), "%u\n", kib);
	ssize_t n = sys_pread_full(fd, now, sizeof(now) - 1, 0);

	if (n == len && strcmp(now, value) == 0)
		return 0;
	return sys_pwrite_full(fd, value, (size_t)len, 0);
}

void read_ahead_raise(const char *mount_path, unsigned int kib, const atomic_bool *stop)
{
	CLEANUP_FD int fd = open_setting(mount_path);
	int err = fd < 0 ? fd : 0;

	for (int i = 0; i < LOOKS && !err && !atomic_load(stop); i++) {
		err = set(fd, kib);
		nanosleep(&(struct timespec){ .tv_nsec = LOOK_PAUSE_NS }, NULL);
	}
	if (err)
		log_debug("%s: read-ahead not raised: %s", mount_path, error_text(err));
}
