/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The FID of an inode as bytes: struct lustre_mdt_attrs of Lustre (lustre_user.h), little-endian:
 * u32 compat, u32 incompat, FID (u64 seq, u32 oid, u32 ver). lovfs knows no compat or incompat
 * feature: an inode with an incompat one isn't ours to touch.
 */
#ifndef LOVFS_MDT_LMA_H
#define LOVFS_MDT_LMA_H

#include "base/attr.h"
#include "base/fid.h"

#include <stddef.h>
#include <stdint.h>

struct mdt;

#define LMA_EA "lma"
#define LMA_BYTES 24

void lma_encode(struct fid fid, uint8_t ret_bytes[LMA_BYTES]);

/* -EUCLEAN, with text. */
int MUST_CHECK lma_decode(const void *bytes, size_t len_bytes, struct fid *ret_fid);

/* The FID that the inode has, O_PATH is fine. -ENODATA: it has none, and isn't given one. -EUCLEAN, with text. */
int MUST_CHECK lma_get(struct mdt *mdt, int fd, struct fid *ret_fid);

/* A FID that was never used. */
int MUST_CHECK lma_new_fid(struct mdt *mdt, struct fid *ret_fid);

/* The FID of an inode. Regular files and directories without one (made before, or by hand) get one
 * now. Others: -EOPNOTSUPP. */
int MUST_CHECK lma_get_fid(struct mdt *mdt, int fd, struct fid *ret_fid);

#endif
