/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a crash left in PENDING: swaps half way are finished or taken back, files without a name are
 * destroyed. Runs before anything is served, so nothing in PENDING is open.
 */
#ifndef LOVFS_COMMIT_RECOVER_H
#define LOVFS_COMMIT_RECOVER_H

#include "base/attr.h"

struct volume;

/* Finishes or takes back what a crash left in PENDING. */
int MUST_CHECK recover_volume(struct volume *vol);

#endif
