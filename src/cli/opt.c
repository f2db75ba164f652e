/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/opt.h"

#include "base/error.h"
#include "base/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

const char *opt_spell(const struct opt *opt, char buf[OPT_SPELLED_MAX])
{
	if (opt->name)
		snprintf(buf, OPT_SPELLED_MAX, "--%s", opt->name);
	else
		snprintf(buf, OPT_SPELLED_MAX, "-%c", opt->key);
	return buf;
}

static void *field(void *options, const struct opt *opt)
{
	return (char *)options + opt->offset;
}

int opt_flag(void *options, const struct opt *opt, const char *arg UNUSED)
{
	*(bool *)field(options, opt) = true;
	return 0;
}

int opt_text(void *options, const struct opt *opt, const char *arg)
{
	*(const char **)field(options, opt) = arg;
	return 0;
}

int opt_size(void *options, const struct opt *opt, const char *arg)
{
	char buf[OPT_SPELLED_MAX];
	uint64_t bytes;
	int err = size_parse(arg, &bytes);

	if (err)
		return fail(err, "option %s: '%s' is not a size such as 65536, 64k or 1G",
			    opt_spell(opt, buf), arg);
	if (bytes == 0)
		return fail(-EINVAL, "option %s: 0 makes no sense here", opt_spell(opt, buf));
	*(uint64_t *)field(options, opt) = bytes;
	return 0;
}

int opt_count(void *options, const struct opt *opt, const char *arg)
{
	char buf[OPT_SPELLED_MAX];
	uint64_t n;

	if (number_parse(arg, 1, opt->value, &n))
		return fail(-EINVAL, "option %s: '%s' is not a number from 1 to %" PRIu64,
			    opt_spell(opt, buf), arg, opt->value);
	*(uint32_t *)field(options, opt) = (uint32_t)n;
	return 0;
}
