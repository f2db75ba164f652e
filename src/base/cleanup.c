/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/attr.h"

#include <errno.h>
#include <unistd.h>

void fd_cleanup(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}
