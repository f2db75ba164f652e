/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The log of the daemon: error = someone must act, warning = odd but handled, info = once per
 * operation, debug = for us. Any thread may call. Before log_open(), lines of level warning and
 * above go to standard error.
 */
#ifndef LOVFS_BASE_LOG_H
#define LOVFS_BASE_LOG_H

#include "base/attr.h"

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Sets the program's name, the lowest level written, and whether lines go to syslog(3) instead of
 * standard error. */
void log_open(const char *program, enum log_level lowest, bool to_syslog);

void log_write(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
