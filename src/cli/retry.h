/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * --retry N: what failed for a reason that may pass, and left the file as it was, is tried again, after a
 * pause. It doubles each time, up to half a minute, and up to half of it is left out at random: two that were in
 * each other's way (two resyncs of one file on Lustre end each other's leases, and both fail) don't meet
 * again. Any thread.
 */
#ifndef LOVFS_CLI_RETRY_H
#define LOVFS_CLI_RETRY_H

#include "base/attr.h"
#include "cli/verb.h"

#include <stdatomic.h>
#include <stdbool.h>

struct retry {
	const struct verb *verb;
	const char *path;
	unsigned int times;      /* at most so often again */
	const atomic_bool *stop; /* ends the pause; may be NULL */
	const bool *final; /* true after an attempt that did a part: no other one; may be NULL */
	/* 0, or a negative errno with text. It is called again only if it is as if it had not been. */
	int (*attempt)(void *cookie);
	void *cookie;
};

/* What the last attempt gave, with its text. Each new one is announced on standard error. */
int MUST_CHECK retry_run(const struct retry *r);

#endif
