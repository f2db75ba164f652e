/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume/lock_file.h"

#include "base/error.h"
#include "base/log.h"
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

/* Whether a line of mountinfo is of that mount point: of our kind, spaces and such written as \ooo.
 */
static bool line_names(const char *line, const char *mount_path)
{
	char word[PATH_MAX];
	size_t n = 0;

	/* "36 35 0:39 / /mount/point options ... - fuse.lovfs fsname ..." */
	for (int blanks = 0; blanks < 4 && line; blanks++) {
		line = strchr(line, ' ');
		line = line ? line + 1 : NULL;
	}
	if (!line || !strstr(line, " - fuse.lovfs "))
		return false;
	for (; *line && *line != ' ' && n + 1 < sizeof(word); n++) {
		if (line[0] == '\\' && strspn(line + 1, "01234567") >= 3) {
			word[n] = (char)((line[1] - '0') << 6 | (line[2] - '0') << 3 |
					 (line[3] - '0'));
			line += 4;
		} else {
			word[n] = *line++;
		}
	}
	word[n] = '\0';
	return strcmp(word, mount_path) == 0;
}

/* As that process sees it: it may live among other mounts than we. When in doubt, it is mounted. */
static bool is_mounted(long pid, const char *mount_path)
{
	char path[64], *line = NULL;
	size_t cap = 0;
	bool found = false;
	FILE *mounts;

	snprintf(path, sizeof(path), "/proc/%ld/mountinfo", pid);
	mounts = fopen(path, "re");
	if (!mounts)
		return true;
	while (!found && getline(&line, &cap, mounts) > 0)
		found = line_names(line, mount_path);
	free(line);
	fclose(mounts);
	return found;
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
