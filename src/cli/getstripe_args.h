/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of `lov getstripe`: what to print, of which components, of what. */
#ifndef LOVFS_CLI_GETSTRIPE_ARGS_H
#define LOVFS_CLI_GETSTRIPE_ARGS_H

#include "cli/opt.h"
#include "layout/print.h"

#define GETSTRIPE_DUMPS_MAX 256

struct getstripe_args {
	struct print_options print;
	bool verbose, quiet, recursive, directory, json, mdt;
	bool entries; /* look into the directories that are named; with `recursive`, into all */
	const char *dumps[GETSTRIPE_DUMPS_MAX]; /* --xattr-file, borrowed of argv */
	unsigned int dump_count;
};

/* Their structs are struct getstripe_args. */
extern const struct opt getstripe_field_opts[], getstripe_filter_opts[], getstripe_other_opts[];

/* Makes `print` complete from the other options. */
void getstripe_args_finish(struct getstripe_args *a);

#endif
