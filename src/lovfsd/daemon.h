/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The process around the file system: going into the background, limits, surroundings.
 */
#ifndef LOVFS_LOVFSD_DAEMON_H
#define LOVFS_LOVFSD_DAEMON_H

#include "base/attr.h"

#include <stdbool.h>

struct daemon {
	int ready_fd; /* end of a pipe to the waiting parent; -1: none, in the foreground or said
			 already */
};

/*
 * Goes on in a child process, before there are threads. In the child: 0, standard error still the
 * caller's. In the parent: 1 when the child has said daemon_ready() or has ended; *ret_status is
 * then what to exit with. -errno with text: nothing was started.
 */
int MUST_CHECK daemon_background(struct daemon *d, int *ret_status);

/* Whether the parent, which waits for daemon_ready(), was killed meanwhile. */
bool daemon_is_alone(const struct daemon *d);

/* Lets go of the terminal and of the parent, which exits with 0. In the foreground nothing. */
void daemon_ready(struct daemon *d);

/* As many descriptors as we may have, no umask, no current directory in anybody's way, and (root)
 * not the first to be killed for memory. */
void daemon_settle(bool background);

#endif
