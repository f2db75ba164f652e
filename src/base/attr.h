/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Compiler attributes and scope-bound cleanup.
 *
 * CLEANUP_FREE and CLEANUP_FD release a local when it leaves scope. A descriptor variable starts at
 * -1; taking its value out with fd_steal(), or a pointer out with PTR_STEAL(), leaves nothing
 * behind to release.
 */
#ifndef LOVFS_BASE_ATTR_H
#define LOVFS_BASE_ATTR_H

#include <stdlib.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define CLEANUP(fn) __attribute__((cleanup(fn)))
#define UNUSED __attribute__((unused))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN_OF(a, b) ((a) < (b) ? (a) : (b))
#define MAX_OF(a, b) ((a) > (b) ? (a) : (b))

/* Closes *fd unless it is -1. Never changes errno. */
void fd_cleanup(int *fd);

/* Takes the descriptor out of a CLEANUP_FD variable. */
static inline int fd_steal(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline void free_cleanup(void *p)
{
	free(*(void **)p);
}

#define CLEANUP_FD CLEANUP(fd_cleanup)
#define CLEANUP_FREE CLEANUP(free_cleanup)

/* Takes the pointer out of a CLEANUP_FREE variable. */
#define PTR_STEAL(p)                                                                               \
	({                                                                                         \
		__typeof__(p) taken_ = (p);                                                        \
		(p) = NULL;                                                                        \
		taken_;                                                                            \
	})

#endif
