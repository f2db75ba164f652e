/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Streams for pipes and terminals that perhaps nobody reads: once a flag is set, a write waits for
 * room no longer than STOPPABLE_GRACE_MS in all. What finds no room by then is lost, as is all
 * after it, and counts as an error of the stream: a program that was told to stop does so. Before
 * that, and for files, they are as any stream of stdio; any thread may write.
 */
#ifndef LOVFS_CLI_STOPPABLE_STREAM_H
#define LOVFS_CLI_STOPPABLE_STREAM_H

#include <stdatomic.h>
#include <stdio.h>

#define STOPPABLE_GRACE_MS 200

/* Buffers as stdio does for such a descriptor. Owns fd once it is there; fclose() closes it. `stop`
 * outlives the stream. NULL: no memory. */
FILE *stoppable_stream_new(int fd, const atomic_bool *stop);

/* Lets such streams take the place of stdout and stderr, for the rest of the program. Before other
 * threads write. Without memory they stay what they are. */
void stoppable_stream_use(const atomic_bool *stop);

#endif
