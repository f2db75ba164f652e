/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options by which setstripe and migrate are told a layout: one by one, as YAML, or by example.
 */
#ifndef LOVFS_CLI_LAYOUT_ARGS_H
#define LOVFS_CLI_LAYOUT_ARGS_H

#include "base/attr.h"
#include "cli/opt.h"
#include "layout/layout.h"
#include "layout/options.h"

struct layout_args {
	struct layout_options builder;
	const char *yaml; /* a file, "-" standard input */
	const char *copy; /* a file to be like */
};

/* The options; their group's struct is a struct layout_args. */
extern const struct opt layout_args_opts[];

void layout_args_init(struct layout_args *a);
void layout_args_release(struct layout_args *a);

/*
 * The layout asked for, to be checked against the file system it is for; NULL where no option was
 * given. Errors with text; -EINVAL also where two of the three ways were used.
 */
int MUST_CHECK layout_args_finish(struct layout_args *a, struct layout **ret_request);

#endif
