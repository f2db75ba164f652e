/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "commit/recover.h"

#include "base/error.h"
#include "base/log.h"
#include "commit/reaper.h"
#include "commit/swap_recover.h"
#include "inode/volume_state.h"
#include "mdt/pending.h"

#include <errno.h>

static int recover_one(void *cookie, struct fid fid)
{
	struct volume *vol = cookie;
	char text[FID_TEXT_MAX];
	struct fid orphan = { 0 };
	int err = swap_recover(vol, fid, &orphan);

	/* One file that can't be settled must not keep all others from being served. */
	if (err)
		log_error("%s: a swap that was interrupted can't be settled: %s",
			  fid_text(fid, text), error_text(err));
	else
		reaper_add(vol->reaper, fid);
	if (!err && !fid_is_zero(orphan))
		reaper_orphan(vol, orphan);
	return 0;
}

int recover_volume(struct volume *vol)
{
	int err = pending_for_each(vol->mdt, recover_one, vol);

	return err ? fail_sys(err, "looking for interrupted work in PENDING") : 0;
}
