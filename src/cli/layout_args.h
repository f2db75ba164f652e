/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options by which a verb is told a layout: one by one, as YAML, or by example. */
#ifndef LOVFS_CLI_LAYOUT_ARGS_H
#define LOVFS_CLI_LAYOUT_ARGS_H

#include "base/attr.h"
#include "cli/opt.h"
#include "layout/layout.h"
#include "layout/options.h"

#include <stdbool.h>

#define LAYOUT_ARGS_MAX 4096

struct layout_args {
	/* Those given one by one, in their order; what -N=n means depends on the file. Owned, the
	 * values are borrowed of argv. */
	struct layout_arg {
		enum layout_option option;
		const char *value;
	} * given;
	size_t count;
	const char *yaml; /* a file, "-" standard input */
	const char *copy; /* a file to be like */
};

/* The options; their group's struct is a struct layout_args. */
extern const struct opt layout_args_opts[];
/* Those that make mirrors, and in their place for a verb that makes none. */
extern const struct opt layout_args_mirror_opts[], layout_args_no_mirror_opts[];

/* A zeroed one is empty. */
void layout_args_release(struct layout_args *a);

/* How often the option was given. */
size_t layout_args_count(const struct layout_args *a, enum layout_option option);

/*
 * The layout asked for, to be checked against the file system it is for; NULL where no option was
 * given. existing_mirrors: those that the file has already. Errors with text; -EINVAL and -ERANGE
 * are usage errors, -EINVAL also where two of the three ways were used; -EEXIST: see -N=n in
 * layout/options.h. May be called again, but for YAML from standard input.
 */
int MUST_CHECK layout_args_finish(const struct layout_args *a, uint32_t existing_mirrors,
				  struct layout **ret_request);

/* Whether its mirrors, if it has several, were made by -N=n: then there is one layout for each
 * file. */
bool layout_args_total(const struct layout_args *a);

#endif
