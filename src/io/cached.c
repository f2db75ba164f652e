/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "io/cached.h"

#include "base/sys.h"

#include <errno.h>

#define PROBES 8

/* Without reading ahead: what isn't there stays away. */
static bool probe(int fd, uint64_t offset, uint64_t len_bytes)
{
	unsigned int hits = 0;

	for (unsigned int i = 0; i < PROBES; i++) {
		int n = sys_read_nowait(fd, offset + len_bytes / PROBES * i);

		if (n < 0 && n != -EAGAIN)
			return false;
		hits += n > 0;
	}
	return hits > PROBES / 2;
}

bool cached_mostly(int fd, uint64_t offset, uint64_t len_bytes)
{
	uint64_t cached;

	if (sys_cached_bytes(fd, offset, len_bytes, &cached))
		return probe(fd, offset, len_bytes);
	return cached > len_bytes / 2;
}
