/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fid.h"

#include "base/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

int fid_compare(struct fid a, struct fid b)
{
	int c = order(a.seq, b.seq);

	if (c == 0)
		c = order(a.oid, b.oid);
	if (c == 0)
		c = order(a.ver, b.ver);
	return c;
}

const char *fid_text(struct fid fid, char buf[FID_TEXT_MAX])
{
	snprintf(buf, FID_TEXT_MAX, "[0x%" PRIx64 ":0x%" PRIx32 ":0x%" PRIx32 "]", fid.seq, fid.oid,
		 fid.ver);
	return buf;
}

/* One "0x..." number of at most `digits` hex digits. Advances *text. */
static bool number(const char **text, size_t digits, uint64_t *ret)
{
	const char *hex = "0123456789abcdefABCDEF";
	size_t n;

	if (strncmp(*text, "0x", 2) != 0)
		return false;
	*text += 2;
	n = strspn(*text, hex);
	if (n == 0 || n > digits)
		return false;
	*ret = strtoull(*text, NULL, 16);
	*text += n;
	return true;
}

static bool skip(const char **text, char c)
{
	if (**text != c)
		return false;
	++*text;
	return true;
}

int fid_parse(const char *text, struct fid *ret_fid)
{
	const char *p = text;
	uint64_t seq, oid, ver;
	bool bracket = skip(&p, '[');

	if (!number(&p, 16, &seq) || !skip(&p, ':') || !number(&p, 8, &oid) || !skip(&p, ':') ||
	    !number(&p, 8, &ver) || (bracket && !skip(&p, ']')) || *p != '\0')
		return fail(-EINVAL, "'%s' is not a FID such as [0x200000401:0x5:0x0]", text);
	*ret_fid = (struct fid){ .seq = seq, .oid = (uint32_t)oid, .ver = (uint32_t)ver };
	return 0;
}
