/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/bandwidth_arg.h"

#include <stdio.h>
#include <string.h>

int bandwidth_arg(void *options, const struct opt *opt, const char *arg)
{
	char with_unit[40];

	if (arg[0] && arg[strspn(arg, "0123456789")] == '\0') {
		snprintf(with_unit, sizeof(with_unit), "%.30sM", arg);
		arg = with_unit;
	}
	return opt_size(options, opt, arg);
}
