/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * After a crash, or a commit that could not be cleaned up: see the states in mdt/swap_intent.h. Any
 * thread may call.
 */
#ifndef LOVFS_COMMIT_SWAP_RECOVER_H
#define LOVFS_COMMIT_SWAP_RECOVER_H

#include "base/attr.h"
#include "base/fid.h"

struct volume;

/*
 * Finishes or takes back what a swap, merge or split left half way for `victim`, if anything.
 * *ret_orphan is set (reaper_orphan()) where the file turns out to have lost its last name
 * meanwhile.
 */
int MUST_CHECK swap_recover(struct volume *vol, struct fid victim, struct fid *ret_orphan);

#endif
