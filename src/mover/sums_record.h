/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a mirror had when it was last brought in sync, as bytes for a file, and what proves that it still has it. PURE.
 *
 * The bytes, all numbers little-endian:
 *
 *    0  8  "lovsums1"
 *    8  4  65536: bytes of a grain
 *   12  4  how many mirrors, 1 to 16
 *   16 16  FID of the file: seq 8, oid 4, ver 4
 *   32 16  name of the file system, filled up with NUL
 *   48  8  size of the file in bytes
 *   56  4  bytes of the layout
 *   60  4  when the file was made, in seconds since 1970, the lower 32 bits; 0: not known
 *   64 64  ids of the mirrors, 4 each; 0 for those that aren't
 *  128     the layout (layout/codec.h) at the time when they were in sync, filled up with zeros to a multiple of 8
 *          the sums of the grains (io/grain_sums.h), 8 each
 *        8 CRC-64 of all of this
 *
 * Another version has another number at its front, and is as good as none.
 *
 * The proof is the layout. Lustre's servers count each change of it (lcm_layout_gen), and write a stale mirror only for
 * a resync: from state ro, or wp, they go to sp for one, and count; from sp to ro when it is done, and count; from ro or
 * sp to wp at a write, and count. So a file that was ro with generation G and is wp with G + 1 has gone there by one
 * step, and no resync of anybody has begun: its mirrors have what they had, if they are still made of the same objects,
 * whose FIDs are never used again. The resync that then begins is one step more. Any other generation proves nothing, although it may well be harmless. The data version
 * would prove nothing either: it is that of the mirrors that are in sync.
 */
#ifndef LOVFS_MOVER_SUMS_RECORD_H
#define LOVFS_MOVER_SUMS_RECORD_H

#include "base/attr.h"
#include "base/fid.h"
#include "io/grain_sums.h"
#include "layout/layout.h"

#define SUMS_FSNAME_MAX 16 /* with NUL, as of struct fs */

struct sums_record {
	struct fid file;
	char fsname[SUMS_FSNAME_MAX];
	uint32_t born_s;       /* 0: not known */
	struct layout *layout; /* owned; state ro */
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	unsigned int count;     /* of ids */
	struct grain_sums sums; /* owned; complete */
};

/* A zeroed one is fine. */
void sums_record_release(struct sums_record *r);

/* *ret_bytes is to be freed. -ENOMEM, with text. */
int MUST_CHECK sums_record_encode(const struct sums_record *r, uint8_t **ret_bytes,
				  size_t *ret_len_bytes);

/* Accepts what encode() gives, byte for byte. -EUCLEAN with text: what is wrong; -ENOMEM. */
int MUST_CHECK sums_record_decode(const void *bytes, size_t len_bytes, struct sums_record *ret);

/* Most bytes that a record of a file of that size has. */
size_t sums_record_max_bytes(uint64_t size_bytes);

/* Whether a file whose layout is `l` now may be recorded, with these mirrors: NULL, or why not (constant text). */
const char *sums_record_refusal(const struct layout *l, const uint32_t *ids, unsigned int count);

/* Whether it is as it should be once the resync has begun: `now` is the layout then. */
const char *sums_record_doubt_begun(const struct sums_record *r, const struct layout *now);

/*
 * Whether it is of the file that has the FID now: another file system may have the same name, or a
 * new one that was made in the place of the old, and they count FIDs and generations from the same
 * numbers on. Constant text.
 */
const char *sums_record_doubt_born(const struct sums_record *r, uint32_t born_s);

/* Why the record doesn't tell what a mirror of the file has; NULL: it does. `now`: the layout before the
 * resync, read when nobody else could begin one any more. Constant text. */
const char *sums_record_doubt(const struct sums_record *r, struct fid file, const char *fsname,
			      const struct layout *now, uint32_t mirror_id);

#endif
