/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume/lock_file.h"

#include "base/error.h"
#include "base/log.h"
#include "base/mountinfo.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define LINE_MAX_BYTES (PATH_MAX + 64)

static void say(int fd, const char *state, const char *path)
{
	char line[LINE_MAX_BYTES];
	int len = snprintf(line, sizeof(line), "%ld %s%s\n", (long)getpid(), state, path);

	if (sys_ftruncate(fd, 0) || sys_pwrite_full(fd, line, (size_t)len, 0))
		log_debug("the lock file doesn't say what this process does");
}

void lock_file_mounted(int fd, const char *mount_path)
{
	say(fd, "mounted ", mount_path);
}

void lock_file_ending(int fd)
{
	say(fd, "ending", "");
}

/* As that process sees it: it may live among other mounts than we. When in doubt, it is mounted. */
static bool is_mounted(long pid, const char *mount_path)
{
	CLEANUP_FREE struct mountinfo *m = malloc(sizeof(*m));
	char path[64];
	int err;

	snprintf(path, sizeof(path), "/proc/%ld/mountinfo", pid);
	err = m ? mountinfo_at(path, mount_path, "fuse.lovfs", m) : -ENOMEM;
	return err != -ENOENT;
}

/* Why the lock can't be had. */
static int explain(int fd, const char *mdt_path)
{
	char line[LINE_MAX_BYTES], state[16] = "";
	ssize_t n = sys_pread_full(fd, line, sizeof(line) - 1, 0);
	int path_at = 0;
	long pid = 0;

	line[n > 0 ? n : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%ld %15s %n", &pid, state, &path_at) < 2)
		return fail(-EBUSY, "%s: the volume is served already", mdt_path);
	if (strcmp(state, "mounted") == 0 && is_mounted(pid, line + path_at))
		return fail(-EBUSY, "%s: the volume is served already, by process %ld at %s",
			    mdt_path, pid, line + path_at);
	if (strcmp(state, "starting") == 0)
		return fail(-EBUSY, "%s: the volume is served already, by process %ld", mdt_path,
			    pid);
	return fail(-EINPROGRESS, "%s: process %ld is still closing the volume", mdt_path, pid);
}

int lock_file_take(int dirfd, const char *mdt_path, int *ret_fd)
{
	CLEANUP_FD int fd = sys_openat(dirfd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0600);

	if (fd < 0)
		return fail_sys(fd, "%s/lock", mdt_path);
	if (flock(fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? explain(fd, mdt_path)
					    : fail_sys(-errno, "%s/lock", mdt_path);
	say(fd, "starting", "");
	*ret_fd = fd_steal(&fd);
	return 0;
}
