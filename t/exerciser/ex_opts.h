/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of the exerciser. */
#ifndef EXERCISER_EX_OPTS_H
#define EXERCISER_EX_OPTS_H

#include "exerciser/ex.h"

/*
 * Fills ret_opts, whose strings point into argv. Returns 0; 1 when --help was asked for and
 * printed; -EINVAL after a message on standard error.
 */
int ex_opts_parse(int argc, char **argv, struct ex_opts *ret_opts);

#endif
