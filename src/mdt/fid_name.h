/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The name of a file that belongs to an inode: in PENDING, DIRTY and LAYOUT. */
#ifndef LOVFS_MDT_FID_NAME_H
#define LOVFS_MDT_FID_NAME_H

#include "base/fid.h"

#define FID_NAME_MAX FID_TEXT_MAX

/* "0x200000401:0x5:0x0": a FID as a file name. Returns buf. */
const char *fid_name(struct fid fid, char buf[FID_NAME_MAX]);

#endif
