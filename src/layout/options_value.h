/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The values of layout options. Every error names the option and the value. */
#ifndef LOVFS_LAYOUT_OPTIONS_VALUE_H
#define LOVFS_LAYOUT_OPTIONS_VALUE_H

#include "layout/layout.h"
#include "layout/options_names.h"

/* What has been said of one component so far. */
struct layout_option_settings {
	bool has_end, count_given, pool_given, mdt;
	bool overstriped;        /* by -C */
	bool ost_twice;          /* and so by -o */
	uint64_t end;            /* meaningless without has_end */
	uint64_t extension_size; /* bytes, 0 = none */
	uint32_t stripe_size;
	uint32_t flags;
	uint16_t stripe_count;
	uint16_t first_ost;
	char pool[LAYOUT_POOL_NAME_MAX + 1];
	uint32_t *osts; /* owned */
	uint16_t ost_count;
};

/* fail(err, "-S/--stripe-size 'VALUE': ..."). A missing value is left out. */
int options_value_bad(int err, enum layout_option option, const char *value, const char *fmt, ...)
	PRINTF_LIKE(4, 5);

/* A stripe or component size: a multiple of 64 KiB, not 0. */
int MUST_CHECK options_value_size(enum layout_option option, const char *value, uint64_t max,
				  uint64_t *ret_bytes);

/* A decimal number up to max, or -1, which gives minus_one. */
int MUST_CHECK options_value_number(enum layout_option option, const char *value, uint32_t max,
				    uint16_t minus_one, uint16_t *ret_number);

/* Adds the OSTs of "1,3-5" to those that there are; *ret_twice: one is in it twice. */
int MUST_CHECK options_value_osts(enum layout_option option, const char *value,
				  struct layout_option_settings *to, bool *ret_twice);

/* A pool name, NUL-padded; empty for none. */
int MUST_CHECK options_value_pool(enum layout_option option, const char *value,
				  char pool[LAYOUT_POOL_NAME_MAX + 1]);

/* Flags of which only `allowed` can be set on something new. */
int MUST_CHECK options_value_flags(enum layout_option option, const char *value, uint32_t allowed,
				   uint32_t *ret_flags);

#endif
