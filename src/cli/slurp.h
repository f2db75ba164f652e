/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A whole file that the user names, "-" for standard input. */
#ifndef LOVFS_CLI_SLURP_H
#define LOVFS_CLI_SLURP_H

#include "base/attr.h"

#include <stddef.h>

/*
 * Reads it into a malloc'ed buffer with a NUL after the end (the contents may hold more). Pipes
 * too. -EFBIG above max_bytes; text without the name.
 */
int MUST_CHECK slurp(const char *path, size_t max_bytes, char **ret_data, size_t *ret_len_bytes);

#endif
