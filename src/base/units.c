/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/units.h"

#include "base/checked.h"
#include "base/error.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char suffixes[] = "KMGTPE";

/* Digits at *text; advances past them. */
static int digits(const char **text, uint64_t *ret)
{
	const char *p = *text;
	uint64_t v = 0;

	if (!isdigit((unsigned char)*p))
		return -EINVAL;
	for (; isdigit((unsigned char)*p); p++) {
		if (!mul_u64(v, 10, &v) || !add_u64(v, (uint64_t)(*p - '0'), &v))
			return -ERANGE;
	}
	*text = p;
	*ret = v;
	return 0;
}

int size_parse(const char *text, uint64_t *ret_bytes)
{
	const char *p = text, *unit;
	uint64_t v;
	int err = digits(&p, &v);

	if (!err && *p) {
		unit = strchr(suffixes, toupper((unsigned char)*p));
		if (unit) {
			if (!mul_u64(v, (uint64_t)1 << 10 * (unit - suffixes + 1), &v))
				err = -ERANGE;
			p++;
			if (p[0] == 'i')
				p++;
		}
		if (*p == 'B' || *p == 'b')
			p++;
		if (*p && !err)
			err = -EINVAL;
	}
	if (err == -EINVAL)
		return fail(err, "'%s' is not a size such as 65536, 64k or 1G", text);
	if (err)
		return fail(err, "size '%s' is too large", text);
	*ret_bytes = v;
	return 0;
}

int number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *ret_value)
{
	const char *p = text;
	uint64_t v;
	int err = digits(&p, &v);

	if (err == -EINVAL || (!err && *p))
		return fail(-EINVAL, "'%s' is not a whole number", text);
	if (err || v < min || v > max)
		return fail(-ERANGE, "%s is not within %" PRIu64 " and %" PRIu64, text, min, max);
	*ret_value = v;
	return 0;
}

const char *size_text(uint64_t bytes, char buf[SIZE_TEXT_MAX])
{
	double v = (double)bytes;
	int unit = -1;

	for (; v >= 1023.95 && unit < 5; unit++)
		v /= 1024;
	if (unit < 0)
		snprintf(buf, SIZE_TEXT_MAX, "%" PRIu64, bytes);
	else
		snprintf(buf, SIZE_TEXT_MAX, v < 9.95 ? "%.1f%c" : "%.0f%c", v, suffixes[unit]);
	return buf;
}
