/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exerciser/ex_opts.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "exerciser/stamp.h"

static const char usage[] =
	"usage: exerciser --dir D [options]\n"
	"Random operations on files, checked against a plain model of each.\n"
	"\n"
	"  --dir D          works on D/f0, D/f1 …; those that exist are used as they are\n"
	"  --ops N          operations (20000)\n"
	"  --seed S         repeats a run (default: a fresh seed, printed)\n"
	"  --max-size BYTES largest file (8388608)\n"
	"  --files K        files, 1 to 8 (3)\n"
	"  --hook CMD       shell command run with the path of a file (as \"$1\", or appended);\n"
	"                   it must succeed and leave the content as it is\n"
	"  --hook-every N   operations between two hooks (500)\n"
	"  --hook-closed    the file is closed while the hook runs\n"
	"  --remount CMD    shell command run with all files closed\n"
	"  --remounts M     how often (3)\n"
	"  --inject N       self-test: a wrong byte in a model from operation N on\n"
	"  --models D       at the end writes what each file must hold to D/f0, D/f1 …\n"
	"  --seek-synced    fsync before SEEK_DATA and SEEK_HOLE: for FUSE with its writeback "
	"cache\n"
	"  --verbose        prints every operation\n";

enum {
	OPT_DIR = 1,
	OPT_OPS,
	OPT_SEED,
	OPT_MAX_SIZE,
	OPT_FILES,
	OPT_HOOK,
	OPT_HOOK_EVERY,
	OPT_HOOK_CLOSED,
	OPT_REMOUNT,
	OPT_REMOUNTS,
	OPT_INJECT,
	OPT_MODELS,
	OPT_SEEK_SYNCED,
	OPT_VERBOSE,
	OPT_HELP,
};

static const struct option long_opts[] = {
	{ "dir", required_argument, NULL, OPT_DIR },
	{ "ops", required_argument, NULL, OPT_OPS },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "max-size", required_argument, NULL, OPT_MAX_SIZE },
	{ "files", required_argument, NULL, OPT_FILES },
	{ "hook", required_argument, NULL, OPT_HOOK },
	{ "hook-every", required_argument, NULL, OPT_HOOK_EVERY },
	{ "hook-closed", no_argument, NULL, OPT_HOOK_CLOSED },
	{ "remount", required_argument, NULL, OPT_REMOUNT },
	{ "remounts", required_argument, NULL, OPT_REMOUNTS },
	{ "inject", required_argument, NULL, OPT_INJECT },
	{ "models", required_argument, NULL, OPT_MODELS },
	{ "seek-synced", no_argument, NULL, OPT_SEEK_SYNCED },
	{ "verbose", no_argument, NULL, OPT_VERBOSE },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static int parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret_value)
{
	char *end;

	errno = 0;
	*ret_value = strtoull(text, &end, 0);
	if (errno == 0 && end != text && *end == '\0' && *ret_value >= min && *ret_value <= max)
		return 0;
	fprintf(stderr, "exerciser: '%s' is not a number from %llu to %llu\n", text,
		(unsigned long long)min, (unsigned long long)max);
	return -EINVAL;
}

static int set_number(struct ex_opts *o, int opt)
{
	uint64_t files;
	int rc;

	switch (opt) {
	case OPT_OPS:
		return parse_number(optarg, 0, STAMP_GEN_MAX, &o->ops);
	case OPT_SEED:
		return parse_number(optarg, 0, UINT64_MAX, &o->seed);
	case OPT_MAX_SIZE:
		rc = parse_number(optarg, EX_ALIGN, 4ull << 30, &o->max_size);
		o->max_size = o->max_size / EX_ALIGN * EX_ALIGN;
		return rc;
	case OPT_FILES:
		rc = parse_number(optarg, 1, STAMP_FILES_MAX, &files);
		o->files = (unsigned int)files;
		return rc;
	case OPT_HOOK_EVERY:
		return parse_number(optarg, 1, UINT64_MAX, &o->hook_every);
	case OPT_REMOUNTS:
		return parse_number(optarg, 1, UINT32_MAX, &o->remounts);
	case OPT_INJECT:
		return parse_number(optarg, 1, UINT64_MAX, &o->inject);
	default:
		return -EINVAL;
	}
}

static int set_option(struct ex_opts *o, int opt)
{
	switch (opt) {
	case OPT_DIR:
		o->dir = optarg;
		return 0;
	case OPT_HOOK:
		o->hook = optarg;
		return 0;
	case OPT_HOOK_CLOSED:
		o->hook_closed = true;
		return 0;
	case OPT_REMOUNT:
		o->remount = optarg;
		return 0;
	case OPT_MODELS:
		o->models = optarg;
		return 0;
	case OPT_SEEK_SYNCED:
		o->seek_synced = true;
		return 0;
	case OPT_VERBOSE:
		o->verbose = true;
		return 0;
	case OPT_HELP:
		fputs(usage, stdout);
		return 1;
	default:
		return set_number(o, opt);
	}
}

int ex_opts_parse(int argc, char **argv, struct ex_opts *ret_opts)
{
	struct ex_opts o = {
		.ops = 20000,
		.seed = xrand_fresh_seed(),
		.max_size = 8 << 20,
		.files = 3,
		.hook_every = 500,
		.remounts = 3,
	};
	int opt, rc;

	while ((opt = getopt_long(argc, argv, "", long_opts, NULL)) != -1) {
		rc = set_option(&o, opt);
		if (rc != 0)
			return rc;
	}
	if (!o.dir || optind != argc) {
		fputs(usage, stderr);
		return -EINVAL;
	}
	*ret_opts = o;
	return 0;
}
