/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lovfsd/served.h"

#include "base/clock.h"
#include "base/sys.h"
#include "base/units.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Waiting for a process that doesn't say that it is closing the volume: it may be mounted
 * elsewhere. */
#define SERVED_TRIES 300
/* Waiting for one that says so: it has much to write, or a slow disk. */
#define CLOSING_TRIES 6000
#define TRY_PAUSE_NS (100 * (long)NS_PER_MS)

static int read_fsname(const char *mdt_path, char ret_fsname[CONF_FSNAME_MAX + 1])
{
	CLEANUP_FD int dirfd = sys_openat(AT_FDCWD, mdt_path, O_RDONLY | O_DIRECTORY, 0);
	CLEANUP_FREE char *text = NULL;
	struct conf conf = { 0 };
	size_t len;
	int err = dirfd < 0 ? dirfd : sys_read_file(dirfd, "volume.conf", 16 * MIB, &text, &len);

	if (err == 0)
		err = conf_parse(text, len, &conf);
	if (err)
		return err;
	memcpy(ret_fsname, conf.fsname, sizeof(conf.fsname));
	conf_release(&conf);
	return 0;
}

/* Whether a volume of this name is mounted where we can see it. There may be two of a name. */
static bool is_mounted(const char *fsname)
{
	char wanted[64], *line = NULL;
	size_t cap = 0;
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	bool found = false;

	if (!mounts)
		return true;
	snprintf(wanted, sizeof(wanted), " - fuse.lovfs %s ", fsname);
	while (!found && getline(&line, &cap, mounts) > 0)
		found = strstr(line, wanted);
	free(line);
	fclose(mounts);
	return found;
}

int served_open(const char *mdt_path, struct volume **ret_volume)
{
	const struct timespec pause = { .tv_nsec = TRY_PAUSE_NS };
	char fsname[CONF_FSNAME_MAX + 1];

	for (int i = 1;; i++) {
		int err = volume_open(mdt_path, ret_volume);

		if (err == -EINPROGRESS ? i == CLOSING_TRIES : err != -EBUSY || i == SERVED_TRIES)
			return err;
		/* The last thing done before returning is volume_open(): its error text is still
		 * the thread's. */
		if (err == -EBUSY && (read_fsname(mdt_path, fsname) || is_mounted(fsname)))
			return volume_open(mdt_path, ret_volume);
		nanosleep(&pause, NULL);
	}
}
