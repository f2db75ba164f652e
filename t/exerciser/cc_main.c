/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * concur: what must hold when several threads or processes use one file system at once.
 * Exit: 0 it held, 1 it didn't, 2 usage.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exerciser/cc_block.h"
#include "exerciser/cc_cmds.h"
#include "exerciser/xrand.h"

static const char usage[] =
	"usage: concur copy-while-writing --dir D [options]\n"
	"       concur rewrite --file F [--write HOW] [options]\n"
	"       concur fill --file F --size BYTES\n"
	"       concur readers --file F [options]   (--seconds 0: only verifies F, made by fill)\n"
	"       concur locks | append | names --dir D [options]\n"
	"\n"
	"  --seconds S             how long (5)\n"
	"  --until-file-exists P   instead: until P appears\n"
	"  --threads T             threads or processes (4)\n"
	"  --size BYTES            of files to be made, a multiple of 4096 (16777216)\n"
	"  --write HOW             pwrite, mmap, direct or mixed (pwrite)\n"
	"  --unit N                fails when versions are mixed within aligned N bytes: 1, 8, "
	"512, 4096\n"
	"                          (1: only bytes that are of no current version fail)\n"
	"  --seed S\n";

static const struct {
	const char *name;
	int (*run)(struct cc_run *run);
	bool needs_dir;
} commands[] = {
	{ "copy-while-writing", cc_copy_while_writing, true },
	{ "rewrite", cc_rewrite, false },
	{ "fill", cc_readers_fill, false },
	{ "readers", cc_readers_read, false },
	{ "locks", cc_locks_exclude, true },
	{ "append", cc_append_all, true },
	{ "names", cc_names_storm, true },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct option long_opts[] = {
	{ "dir", required_argument, NULL, 'd' },
	{ "file", required_argument, NULL, 'f' },
	{ "seconds", required_argument, NULL, 's' },
	{ "until-file-exists", required_argument, NULL, 'u' },
	{ "threads", required_argument, NULL, 't' },
	{ "size", required_argument, NULL, 'z' },
	{ "write", required_argument, NULL, 'w' },
	{ "unit", required_argument, NULL, 'n' },
	{ "seed", required_argument, NULL, 'r' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static void die_usage(void)
{
	fputs(usage, stderr);
	exit(2);
}

static uint64_t number(uint64_t min, uint64_t max)
{
	uint64_t value;
	char *end;

	errno = 0;
	value = strtoull(optarg, &end, 0);
	if (errno == 0 && end != optarg && *end == '\0' && value >= min && value <= max)
		return value;
	fprintf(stderr, "concur: '%s' is not a number from %llu to %llu\n", optarg,
		(unsigned long long)min, (unsigned long long)max);
	exit(2);
}

static enum cc_how how(void)
{
	static const char *const names[] = { "pwrite", "mmap", "direct", "mixed" };

	for (int i = 0; i < 4; i++) {
		if (strcmp(optarg, names[i]) == 0)
			return (enum cc_how)i;
	}
	fprintf(stderr, "concur: unknown way to write '%s'\n", optarg);
	exit(2);
}

static void set_option(struct cc_opts *o, int opt)
{
	switch (opt) {
	case 'd':
		o->dir = optarg;
		break;
	case 'f':
		o->file = optarg;
		break;
	case 's':
		o->seconds = (unsigned int)number(0, 86400);
		break;
	case 'u':
		o->until = optarg;
		break;
	case 't':
		o->threads = (unsigned int)number(1, 64);
		break;
	case 'z':
		o->size = number(1, 32ull << 30);
		break;
	case 'w':
		o->how = how();
		break;
	case 'n':
		o->unit = (unsigned int)number(1, CC_BLOCK);
		break;
	case 'r':
		o->seed = number(0, UINT64_MAX);
		break;
	case 'h':
		fputs(usage, stdout);
		exit(0);
	default:
		die_usage();
	}
}

static void on_signal(int sig)
{
	static const char bus[] = "concur: FAILED: SIGBUS in a mapping\n";
	static const char hang[] = "concur: FAILED: a thread hangs\n";
	const char *text = sig == SIGBUS ? bus : hang;
	ssize_t n = write(STDERR_FILENO, text, strlen(text));

	(void)n;
	_exit(1);
}

int main(int argc, char **argv)
{
	struct cc_opts opts = {
		.seconds = 5,
		.threads = 4,
		.size = 16 << 20,
		.unit = 1,
		.seed = xrand_fresh_seed(),
	};
	struct cc_run run = { .opts = &opts };
	size_t i = 0;
	int opt;

	while ((opt = getopt_long(argc, argv, "", long_opts, NULL)) != -1)
		set_option(&opts, opt);
	while (i < NR_COMMANDS &&
	       (optind + 1 != argc || strcmp(argv[optind], commands[i].name) != 0))
		i++;
	if (i == NR_COMMANDS || !(commands[i].needs_dir ? opts.dir : opts.file))
		die_usage();
	run.name = commands[i].name;
	signal(SIGBUS, on_signal);
	signal(SIGALRM, on_signal);
	return commands[i].run(&run);
}
