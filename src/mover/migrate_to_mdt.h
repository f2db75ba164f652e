/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A migrate to a layout of which more, or less, is on the MDT than now. Data on the MDT is the inode's
 * own, so that layouts can't be swapped then: EOPNOTSUPP. As lfs_migrate_to_dom() of lfs does it, the
 * new layout becomes a mirror, which is brought in sync, and the old one goes. All mirrors of a file
 * that are on the MDT share what is there, and it goes with the first of them that is removed: so a
 * file that has data there has to lose it to OSTs before.
 *
 * If we are killed the file has all of its data: in the old layout, or in two mirrors.
 */
#ifndef LOVFS_MOVER_MIGRATE_TO_MDT_H
#define LOVFS_MOVER_MIGRATE_TO_MDT_H

#include "mover/migration.h"

/* m->layout is the new one; the file is closed, and has nothing on the MDT. With text; the file is
 * as it was then, or the text says that the mirror is left. */
int MUST_CHECK migrate_to_mdt(struct migration *m);

#endif
