/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/patience.h"

#include "base/clock.h"

#define LOOKS_MAX 40u
#define LOOKS_AT_ONCE 10u
#define PAUSE_NS ((long)NS_PER_MS)

bool patience_left(struct patience *p)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };

	if (++p->looks > LOOKS_AT_ONCE)
		nanosleep(&pause, NULL);
	return p->looks < LOOKS_MAX;
}
