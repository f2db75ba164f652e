/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/stdout_check.h"

#include "base/error.h"

#include <errno.h>
#include <stdio.h>

int stdout_check(void)
{
	int failed = ferror(stdout);

	errno = 0;
	/* A descriptor that was closed from the start matters only if something was written. */
	if (fclose(stdout) && (failed || errno != EBADF))
		failed = 1;
	return failed ? fail_sys(errno ? -errno : -EIO, "standard output") : 0;
}
