/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which files a command has begun with: one that has several names, or is named twice, is worked on once. Known by
 * device and inode number: neither a Lustre nor a lovfs gives a number out again, so a file that is removed and another
 * that is made meanwhile aren't taken for each other.
 *
 * Every file with several links is remembered, and of the others the first million, which may be named twice as well;
 * that takes up to 32 MiB, and 32 bytes for each file with several links. Any thread may call.
 */
#ifndef LOVFS_CLI_SEEN_H
#define LOVFS_CLI_SEEN_H

#include "base/attr.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define SEEN_SINGLE_MAX 1000000

struct seen {
	pthread_mutex_t lock;
	/* guarded by lock: */
	struct seen_file {
		dev_t dev;
		ino_t ino; /* 0: free */
	} * files;         /* owned; a table with room for `room`, a power of two */
	size_t room, count, singles;
};

void seen_init(struct seen *s);
void seen_release(struct seen *s);

/*
 * Whether the regular file of that name was asked about before; from now on it was. False for whatever can't be examined,
 * is something else, or, without follow_links, is a symbolic link; and where there is no memory left.
 */
bool seen_before(struct seen *s, const char *path, bool follow_links);

/* What is said with -v of a name that is passed over. */
void seen_print(const char *path);

#endif
