/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * RAID0 arithmetic of one component: stripe size `size` (not 0), stripe count `count` (not 0).
 * Stripes are counted from offset 0 of the file, not of the component; so objects of later
 * components are sparse at their front. Source: lov_stripe_offset() and lov_stripe_number() of
 * Lustre. All offsets are in bytes; nothing overflows for file offsets up to INT64_MAX.
 */
#ifndef LOVFS_LAYOUT_RAID0_H
#define LOVFS_LAYOUT_RAID0_H

#include <stdint.h>

/* Which stripe (object of the component) holds file offset `offset`. */
uint32_t raid0_stripe(uint32_t size, uint32_t count, uint64_t offset);

/* Where in that object it is. */
uint64_t raid0_object_offset(uint32_t size, uint32_t count, uint64_t offset);

/* The file offset of byte `object_offset` of stripe `stripe`: the inverse of the two above.
 * Saturates at UINT64_MAX. */
uint64_t raid0_file_offset(uint32_t size, uint32_t count, uint32_t stripe, uint64_t object_offset);

/*
 * How many bytes of stripe `stripe` lie below file offset `offset`: the object offset of the
 * stripe's first byte at or after it, and the object's size in a file of `offset` bytes without
 * holes at the end.
 */
uint64_t raid0_object_size(uint32_t size, uint32_t count, uint32_t stripe, uint64_t offset);

/* The size of the file that an object of `object_size` bytes alone asks for; 0 for an empty object.
 */
uint64_t raid0_file_size(uint32_t size, uint32_t count, uint32_t stripe, uint64_t object_size);

#endif
