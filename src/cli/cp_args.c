/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/cp_args.h"

#include "base/error.h"
#include "base/units.h"
#include "cli/bandwidth_arg.h"
#include "lov/copy.h"
#include "tree/tree.h"

#include <errno.h>

#define DEFAULT_JOBS 8
/* What one copy may have, at most. */
#define THREADS_MAX 64

/* Less than that isn't enough for any copy. */
static int take_memory(void *options, const struct opt *opt, const char *arg)
{
	char spelled[OPT_SPELLED_MAX];
	uint64_t bytes;
	int err = size_parse(arg, &bytes);

	if (!err && bytes < LOV_COPIER_MEMORY_MIN)
		return fail(-ERANGE, "option %s: '%s' is too little: 512K or more are needed",
			    opt_spell(opt, spelled), arg);
	return opt_size(options, opt, arg);
}

#define FLAG(letter, long_name, member, help_text)                                                 \
	{                                                                                          \
		.key = letter, .name = long_name, .help = help_text, .take = opt_flag,             \
		.offset = offsetof(struct cp_args, member)                                         \
	}

const struct opt cp_args_opts[] = {
	FLAG('r', "recursive", recursive,
	     "directories with all in them; symbolic links and\n"
	     "special files as such; all attributes, as -p"),
	FLAG('R', NULL, recursive, NULL),
	FLAG('a', "archive", recursive, "the same"),
	FLAG('p', "preserve", preserve, "also mode, owner, times, extended attributes and\nACLs"),
	FLAG('n', "no-clobber", no_clobber, "leave files that exist alone"),
	FLAG('x', "one-file-system", one_file_system, "leave out what is mounted below"),
	{ .key = 't',
	  .name = "target-directory",
	  .arg = "DIR",
	  .help = "copy all operands into DIR",
	  .take = opt_text,
	  .offset = offsetof(struct cp_args, target_directory) },
	FLAG('T', "no-target-directory", no_target_directory,
	     "DST is the name of the copy, also if it is a\ndirectory"),
	FLAG('v', "verbose", copy.verbose, "say what was copied, and how"),
	FLAG(OPT_LONG + 20, "json", json, "print JSON"),
	{ 0 },
};

const struct opt cp_args_copying_opts[] = {
	{ .key = 'j',
	  .name = "jobs",
	  .arg = "N",
	  .help = "files at once (default 8)",
	  .take = opt_count,
	  .offset = offsetof(struct cp_args, copy.jobs),
	  .value = TREE_THREADS_MAX },
	{ .key = OPT_LONG + 21,
	  .name = "threads",
	  .arg = "N",
	  .help = "threads for one file (default: as many as keep the\ndevices busy)",
	  .take = opt_count,
	  .offset = offsetof(struct cp_args, copy.threads),
	  .value = THREADS_MAX },
	{ .key = OPT_LONG + 22,
	  .name = "memory",
	  .arg = "SIZE",
	  .help = "for buffers, all files together (default 64M)",
	  .take = take_memory,
	  .offset = offsetof(struct cp_args, memory_bytes) },
	{ .key = 'W',
	  .name = "bandwidth",
	  .arg = "N[MG]",
	  .help = "at most so many MiB (GiB with G) a second, all files\ntogether",
	  .take = bandwidth_arg,
	  .offset = offsetof(struct cp_args, copy.bandwidth) },
	FLAG(OPT_LONG + 23, "verify", verify, "read each copy back from its device and compare"),
	FLAG(OPT_LONG + 24, "sync", sync, "what was copied survives a power failure"),
	{ 0 },
};

void cp_args_init(void *args)
{
	struct cp_args *a = args;

	copy_args_init(&a->copy);
	a->copy.threads = 0;
	a->copy.jobs = DEFAULT_JOBS;
}
