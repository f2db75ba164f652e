/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The parent xattr of an object as bytes: struct filter_fid of Lustre 2.11 and later
 * (lustre_user.h), packed, little-endian: parent FID (u64 seq, u32 oid, u32 stripe index in the
 * place of ver), u32 stripe size, u32 stripe count, u64 component start, u64 component end, u32
 * component id, u32 layout version, u32 range.
 */
#ifndef LOVFS_OST_PARENT_H
#define LOVFS_OST_PARENT_H

#include "base/attr.h"
#include "base/fid.h"

#include <stddef.h>
#include <stdint.h>

/* What an object belongs to. */
struct ost_parent {
	struct fid file; /* ver is ignored */
	uint32_t stripe_idx, stripe_size, stripe_count;
	uint64_t comp_start, comp_end;
	uint32_t comp_id;
};

#define PARENT_BYTES 52
#define PARENT_BYTES_210 44 /* that of Lustre 2.10: without layout version and range */

void parent_encode(const struct ost_parent *parent, uint8_t ret_bytes[PARENT_BYTES]);

/* -EUCLEAN, with text: of another length, no parent, or an empty component. */
int MUST_CHECK parent_decode(const void *bytes, size_t len_bytes, struct ost_parent *ret_parent);

#endif
