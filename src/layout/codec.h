/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Layouts as bytes: the xattr `lustre.lov` / `trusted.lov`, in Lustre's own format (struct
 * lov_user_md_v1, lov_user_md_v3, lov_comp_md_v1, lov_foreign_md; lustre_user.h of Lustre 2.17).
 * Little-endian.
 *
 * The decoder trusts nothing: it accepts exactly the bytes that the encoder gives back the same,
 * and says of the others what is wrong and where. What it accepts is well formed, not necessarily
 * sensible: rules.h judges that.
 */
#ifndef LOVFS_LAYOUT_CODEC_H
#define LOVFS_LAYOUT_CODEC_H

#include "layout/layout.h"

#include <stddef.h>

/* Most bytes that a layout can have: the largest xattr of Linux. */
#define LAYOUT_BYTES_MAX 65536

/* -EUCLEAN (text says what, at which offset), -ENOMEM. On success the caller owns one reference of
 * *ret_layout. */
int MUST_CHECK layout_decode(const void *bytes, size_t len_bytes, struct layout **ret_layout);

/*
 * How many of the bytes a directory's default takes, as it says at its front: for layouts that come in a larger
 * buffer without a length. 0: no layout that says so, or more than there are.
 */
size_t layout_stated_len(const void *bytes, size_t cap_bytes);

/* Length in bytes of the layout's encoding. */
size_t layout_encoded_len(const struct layout *l);

/* Writes the encoding into buf. -ERANGE where it needs more than cap_bytes; *ret_len_bytes is what
 * was written. */
int MUST_CHECK layout_encode(const struct layout *l, void *buf, size_t cap_bytes,
			     size_t *ret_len_bytes);

#endif
