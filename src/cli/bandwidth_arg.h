/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rates on the command line: "50" and "50M" are MiB a second, "2G" GiB; as lfs, which knows no other units. */
#ifndef LOVFS_CLI_BANDWIDTH_ARG_H
#define LOVFS_CLI_BANDWIDTH_ARG_H

#include "cli/opt.h"

/* For struct opt: uint64_t = bytes a second, not 0. */
int bandwidth_arg(void *options, const struct opt *opt, const char *arg);

#endif
