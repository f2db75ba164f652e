/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SipHash-2-4: a number from a key and some bytes, which nobody who doesn't have the key can guess,
 * however many others he has seen. Source: Aumasson, Bernstein, "SipHash: a fast short-input PRF", 2012.
 */
#ifndef LOVFS_BASE_SIPHASH_H
#define LOVFS_BASE_SIPHASH_H

#include "base/attr.h"

#include <stddef.h>
#include <stdint.h>

#define SIPHASH_KEY_BYTES 16

uint64_t siphash(const uint8_t key[SIPHASH_KEY_BYTES], const void *bytes, size_t len_bytes);

#endif
