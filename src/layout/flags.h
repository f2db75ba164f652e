/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names of the bits in a layout, as `lfs` writes and reads them: component flags, file states,
 * patterns. Bits without a name are written as one hexadecimal number at the end. Source:
 * comp_flags_table and llapi_lov_pattern_string() of Lustre.
 */
#ifndef LOVFS_LAYOUT_FLAGS_H
#define LOVFS_LAYOUT_FLAGS_H

#include "base/attr.h"

#include <stdint.h>

#define FLAGS_TEXT_MAX 160

/* "init,stale", "init,prefer" (both prefer flags), "0" for none. Returns buf. */
const char *flags_text(uint32_t comp_flags, char buf[FLAGS_TEXT_MAX]);

/*
 * Reads "init,stale", "prefer", "prefrd", "^stale" (clear it) or a mix. *ret_set and *ret_clear are
 * flags without COMP_NEGATE and share none. -EINVAL, naming the word that isn't a flag.
 */
int MUST_CHECK flags_parse(const char *text, uint32_t *ret_set, uint32_t *ret_clear);

/* "ro", "wp", "sp" or "0" for the mirror state in the low bits of a composite layout's flags.
 * Constant. */
const char *flags_state_text(uint16_t file_flags);

/* "raid0", "raid0,overstriped", "mdt", "raid0,released"; "" for 0. In buf, or constant. */
const char *flags_pattern_text(uint32_t pattern, char buf[FLAGS_TEXT_MAX]);

/* Reads what flags_pattern_text() writes. -EINVAL, naming the word. */
int MUST_CHECK flags_pattern_parse(const char *text, uint32_t *ret_pattern);

#endif
