/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lovfsd/utab.h"

#include "base/attr.h"
#include "base/log.h"
#include "base/sys.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define UTAB "/run/mount/utab"
#define UTAB_MAX_BYTES (1u << 20)

/* A path with blanks is written in another way there, and noted again: that does no harm. */
static bool is_noted(const char *mount_path)
{
	CLEANUP_FREE char *text = NULL, *target = NULL;
	const char *line;
	size_t len;

	if (sys_read_file(AT_FDCWD, UTAB, UTAB_MAX_BYTES, &text, &len) ||
	    asprintf(&target, "TARGET=%s ", mount_path) < 0)
		return false;
	line = strstr(text, target);
	return line && strstr(line, "uhelper=fuse.lovfs");
}

/* mount(8), which is to touch neither file systems (-f) nor the mount point. */
static int run_mount(const char *fsname, const char *mount_path)
{
	const char *argv[] = { "mount", "-i",         "-f", "--no-canonicalize",
			       "-t",    "fuse.lovfs", "-o", "uhelper=fuse.lovfs",
			       fsname,  mount_path,   NULL };
	posix_spawn_file_actions_t quiet;
	int status = -1;
	pid_t pid;

	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&pid, argv[0], &quiet, NULL, (char **)(uintptr_t)argv, environ) ||
	    waitpid(pid, &status, 0) != pid)
		status = -1;
	posix_spawn_file_actions_destroy(&quiet);
	return status;
}

void utab_note(const char *fsname, const char *mount_path)
{
	if (geteuid() || access(UTAB_HELPER, X_OK) || is_noted(mount_path))
		return;
	if (run_mount(fsname, mount_path))
		log_debug("%s: umount(8) will not call " UTAB_HELPER, mount_path);
}
