/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layout/options_value.h"

#include "base/error.h"
#include "base/units.h"
#include "layout/flags.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Below this a number without unit is in KiB. */
#define SMALLEST_IN_BYTES 4096u

static const char *long_name(enum layout_option option)
{
	for (const struct layout_option_name *n = layout_option_names; n->name; n++) {
		if (n->option == option)
			return n->name;
	}
	return "?";
}

int options_value_bad(int err, enum layout_option option, const char *value, const char *fmt, ...)
{
	char option_text[64], why[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	if (option < LAYOUT_OPTION_FLAGS)
		snprintf(option_text, sizeof(option_text), "-%c/--%s", (char)option,
			 long_name(option));
	else
		snprintf(option_text, sizeof(option_text), "--%s", long_name(option));
	if (!value)
		return fail(err, "%s: %s", option_text, why);
	return fail(err, "%s '%.128s': %s", option_text, value, why);
}

int options_value_size(enum layout_option option, const char *value, uint64_t max,
		       uint64_t *ret_bytes)
{
	uint64_t bytes = 0;
	int err = size_parse(value, &bytes);

	if (err)
		return options_value_bad(err, option, value,
					 "not a size such as 65536, 64k or 1G%s",
					 err == -ERANGE ? " that fits into 64 bits" : "");
	if (bytes < SMALLEST_IN_BYTES && strspn(value, "0123456789") == strlen(value))
		bytes *= KIB;
	if (bytes == 0)
		return options_value_bad(
			-EINVAL, option, value,
			"a size of 0 is not possible; leave the option out for the default");
	if (bytes > max)
		return options_value_bad(-ERANGE, option, value, "too large, the limit is %" PRIu64,
					 max);
	if (bytes % LAYOUT_STRIPE_SIZE_MIN)
		return options_value_bad(-EINVAL, option, value, "not a multiple of 64 KiB");
	*ret_bytes = bytes;
	return 0;
}

int options_value_number(enum layout_option option, const char *value, uint32_t max,
			 uint16_t minus_one, uint16_t *ret_number)
{
	uint64_t number = 0;
	int err;

	if (strcmp(value, "-1") == 0) {
		*ret_number = minus_one;
		return 0;
	}
	err = number_parse(value, 0, max, &number);
	if (err)
		return options_value_bad(err, option, value,
					 "not a number from 0 to %" PRIu32 ", or -1", max);
	*ret_number = (uint16_t)number;
	return 0;
}

/* Decimal digits at *text; advances past them. */
static bool take_index(const char **text, uint32_t *ret)
{
	const char *p = *text;
	uint32_t v = 0;

	if (!isdigit((unsigned char)*p))
		return false;
	for (; isdigit((unsigned char)*p); p++) {
		v = v * 10 + (uint32_t)(*p - '0');
		if (v >= LAYOUT_OFFSET_ANY)
			return false;
	}
	*text = p;
	*ret = v;
	return true;
}

static int add_range(struct layout_option_settings *to, uint32_t first, uint32_t last, bool *twice)
{
	uint32_t count = last - first + 1;
	uint32_t *osts;

	if (count + to->ost_count > LAYOUT_STRIPE_COUNT_MAX)
		return -ERANGE;
	osts = realloc(to->osts, (to->ost_count + count) * sizeof(*osts));
	if (!osts)
		return -ENOMEM;
	to->osts = osts;
	for (uint32_t idx = first; idx <= last; idx++) {
		for (uint32_t i = 0; i < to->ost_count; i++)
			*twice |= osts[i] == idx;
		osts[to->ost_count++] = idx;
	}
	return 0;
}

int options_value_osts(enum layout_option option, const char *value,
		       struct layout_option_settings *to, bool *ret_twice)
{
	const char *p = value;
	uint32_t first, last;
	bool twice = false;
	int err;

	for (;;) {
		if (!take_index(&p, &first))
			break;
		last = first;
		if (*p == '-' && (p++, !take_index(&p, &last)))
			break;
		if (last < first)
			return options_value_bad(-EINVAL, option, value,
						 "%" PRIu32 "-%" PRIu32 " goes backwards", first,
						 last);
		err = add_range(to, first, last, &twice);
		if (err == -ERANGE)
			return options_value_bad(err, option, value, "more than %u OSTs",
						 LAYOUT_STRIPE_COUNT_MAX);
		if (err)
			return err;
		if (*p == '\0') {
			*ret_twice = twice;
			return 0;
		}
		if (*p++ != ',')
			break;
	}
	return options_value_bad(-EINVAL, option, value, "not a list of OST indices such as 1,3-5");
}

int options_value_pool(enum layout_option option, const char *value,
		       char pool[LAYOUT_POOL_NAME_MAX + 1])
{
	static const char *const none[] = { "", "inherit", "none", "ignore" };
	const char *dot = strchr(value, '.');
	const char *name = dot ? dot + 1 : value;

	memset(pool, 0, LAYOUT_POOL_NAME_MAX + 1);
	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		if (strcmp(value, none[i]) == 0)
			return 0;
	}
	if (strlen(name) > LAYOUT_POOL_NAME_MAX)
		return options_value_bad(-EINVAL, option, value,
					 "a pool name has at most %d characters",
					 LAYOUT_POOL_NAME_MAX);
	if (!*name)
		return options_value_bad(-EINVAL, option, value, "no pool name after the dot");
	for (const char *p = name; *p; p++) {
		if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-')
			return options_value_bad(-EINVAL, option, value,
						 "a pool name has letters, digits, _ and - only");
	}
	memcpy(pool, name, strlen(name));
	return 0;
}

int options_value_flags(enum layout_option option, const char *value, uint32_t allowed,
			uint32_t *ret_flags)
{
	char text[FLAGS_TEXT_MAX];
	uint32_t set, clear;

	if (flags_parse(value, &set, &clear))
		return options_value_bad(-EINVAL, option, value,
					 "not component flags such as prefer,nosync");
	if (clear)
		return options_value_bad(-EINVAL, option, value,
					 "there is nothing to clear on a new component");
	if (set & ~allowed)
		return options_value_bad(-EINVAL, option, value, "%s can't be set on something new",
					 flags_text(set & ~allowed, text));
	*ret_flags |= set;
	return 0;
}
