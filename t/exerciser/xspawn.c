/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exerciser/xspawn.h"

#include <errno.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int xspawn_shell(const char *cmd, const char *arg)
{
	bool append = arg && !strstr(cmd, "$1");
	char name_sh[] = "sh", flag_c[] = "-c";
	char *line, *copy;
	char *argv[6];
	pid_t pid;
	int rc;

	if (asprintf(&line, "%s%s", cmd, append ? " \"$1\"" : "") < 0)
		return -ENOMEM;
	copy = strdup(arg ? arg : "");
	if (!copy) {
		free(line);
		return -ENOMEM;
	}
	argv[0] = name_sh;
	argv[1] = flag_c;
	argv[2] = line;
	argv[3] = name_sh;
	argv[4] = arg ? copy : NULL;
	argv[5] = NULL;
	fflush(NULL);
	rc = -posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ);
	if (rc == 0)
		rc = wait_for(pid);
	free(copy);
	free(line);
	return rc;
}
