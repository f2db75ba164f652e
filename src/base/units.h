/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes as people write them. */
#ifndef LOVFS_BASE_UNITS_H
#define LOVFS_BASE_UNITS_H

#include "base/attr.h"

#include <stddef.h>
#include <stdint.h>

#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)
#define TIB ((uint64_t)1 << 40)

#define SIZE_TEXT_MAX 32

/*
 * Reads a size in bytes: decimal digits and an optional k, M, G, T, P or E (powers of 1024, either
 * case, an added "iB" or "B" is allowed). -EINVAL when it isn't one, -ERANGE when it is too large
 * for 64 bits; *ret_bytes is untouched then.
 */
int MUST_CHECK size_parse(const char *text, uint64_t *ret_bytes);

/* A plain decimal number within [min, max]. -EINVAL or -ERANGE otherwise. */
int MUST_CHECK number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *ret_value);

/* "1.5G" in the manner of df -h: one decimal below ten, powers of 1024. Returns buf. */
const char *size_text(uint64_t bytes, char buf[SIZE_TEXT_MAX]);

#endif
