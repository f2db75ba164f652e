/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "racer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RACER_CANT_TRY 2 /* exit status */

void racer_die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
	exit(RACER_CANT_TRY);
}

int racer_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0644);

	if (fd < 0)
		racer_die(path);
	return fd;
}
