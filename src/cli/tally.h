/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many operands went well: the exit status of a verb that takes several. */
#ifndef LOVFS_CLI_TALLY_H
#define LOVFS_CLI_TALLY_H

#include "cli/verb.h"

#include <stdint.h>

/* Zeroed: none yet. */
struct tally {
	uint64_t good, bad;
};

/* Counts one operand, and complains of it where err isn't 0. Returns err. */
int tally_add(struct tally *t, const struct verb *verb, const char *path, int err);

/* STATUS_OK, STATUS_FAILED, or STATUS_PARTLY where some of several failed. */
int tally_status(const struct tally *t);

#endif
