/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SIGINT, SIGTERM and SIGHUP as a wish to stop: the first sets a flag, so that what is under way
 * can be undone. */
#ifndef LOVFS_CLI_STOP_SIGNAL_H
#define LOVFS_CLI_STOP_SIGNAL_H

#include <stdatomic.h>
#include <stdbool.h>

/* Catches the signals that aren't ignored. Blocked calls of the main thread are interrupted; and
 * output that nobody reads holds no thread up for long (cli/stoppable_stream.h). Returns the flag.
 * Once, before there are other threads. */
atomic_bool *stop_signal_catch(void);

/* The same; and the first signal calls also(cookie), in the handler. */
atomic_bool *stop_signal_catch_and(void (*also)(void *cookie), void *cookie);

/* When the flag is set: ends the program by the same signal, so that a shell knows. Otherwise
 * returns. */
void stop_signal_die(void);

#endif
