/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of `lov cp`. */
#ifndef LOVFS_CLI_CP_ARGS_H
#define LOVFS_CLI_CP_ARGS_H

#include "cli/copy_args.h"
#include "cli/opt.h"

#include <stdbool.h>

struct cp_args {
	bool recursive, preserve, no_clobber, one_file_system, no_target_directory;
	bool sync, verify, json;
	const char *target_directory; /* NULL: the last operand */
	uint64_t memory_bytes;        /* 0: not said */
	struct copy_args copy;        /* threads 0: not said */
};

/* Their groups' struct is a struct cp_args. */
extern const struct opt cp_args_opts[], cp_args_copying_opts[];

void cp_args_init(void *args);

#endif
