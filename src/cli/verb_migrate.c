/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/clock.h"
#include "base/error.h"
#include "base/units.h"
#include "cli/complain.h"
#include "cli/json_out.h"
#include "cli/layout_args.h"
#include "cli/migrate_report.h"
#include "cli/opt_parse.h"
#include "cli/path_list.h"
#include "cli/place.h"
#include "cli/stop_signal.h"
#include "cli/tally.h"
#include "cli/verb.h"
#include "mover/migrate.h"
#include "mover/transfer.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_THREADS 2
#define DEFAULT_INTERVAL_S 5

struct migrate_args {
	struct layout_args layout;
	bool block, nonblock, non_direct, nul, stats, verbose, json, auto_stripe, restripe;
	const char *files_from;
	uint64_t bandwidth;
	uint32_t threads, interval_s;
};

struct migrate_run {
	const struct verb *verb;
	const struct migrate_args *args;
	const struct layout *request; /* borrowed; NULL: as it is */
	struct migrate_options options;
	struct migrate_report report;
	struct place_fs keeper;
	struct tally tally;
};

/* ---- options ---- */

/* "50" and "50M": MB a second; "2G". As lfs, which knows no other units. */
static int take_bandwidth(void *options, const struct opt *opt, const char *arg)
{
	char with_unit[40];

	if (arg[0] && arg[strspn(arg, "0123456789")] == '\0') {
		snprintf(with_unit, sizeof(with_unit), "%.30sM", arg);
		arg = with_unit;
	}
	return opt_size(options, opt, arg);
}

#define FLAG(letter, long_name, member, help_text)                                                 \
	{                                                                                          \
		.key = letter, .name = long_name, .help = help_text, .take = opt_flag,             \
		.offset = offsetof(struct migrate_args, member)                                    \
	}

static const struct opt options[] = {
	FLAG('b', "block", block, "writers of the file wait meanwhile (the default)"),
	FLAG('n', "non-block", nonblock, "nobody waits: a writer ends the migrate of its file"),
	{ .key = 'W',
	  .name = "bandwidth",
	  .arg = "N[MG]",
	  .help = "at most so many MiB (GiB with G) a second, all files\ntogether",
	  .take = take_bandwidth,
	  .offset = offsetof(struct migrate_args, bandwidth) },
	{ .key = OPT_LONG + 10,
	  .name = "threads",
	  .arg = "N",
	  .help = "threads that copy one file (default 2)",
	  .take = opt_count,
	  .offset = offsetof(struct migrate_args, threads),
	  .value = TRANSFER_THREADS_MAX },
	{ .key = OPT_LONG + 11,
	  .name = "files-from",
	  .arg = "FILE",
	  .help = "also the files named in FILE, one in a line; -\nis standard input",
	  .take = opt_text,
	  .offset = offsetof(struct migrate_args, files_from) },
	FLAG('0', "null", nul, "names in --files-from end in NUL, not in newline"),
	FLAG('v', "verbose", verbose, "say how the bytes of each file moved"),
	FLAG(OPT_LONG + 12, "stats", stats, "print a line of YAML now and then, and at the end"),
	{ .key = OPT_LONG + 13,
	  .name = "stats-interval",
	  .arg = "S",
	  .help = "seconds between them (default 5)",
	  .take = opt_count,
	  .offset = offsetof(struct migrate_args, interval_s),
	  .value = 86400 },
	FLAG(OPT_LONG + 14, "json", json, "print JSON"),
	FLAG('D', "non-direct", non_direct, "accepted for lfs's sake; the data doesn't pass here"),
	FLAG('A', "auto-stripe", auto_stripe,
	     "stripes by the file's size: the square root of\nits GiB, and one"),
	FLAG(OPT_LONG + 15, "restripe", restripe,
	     "the layout that a new file in its directory gets"),
	{ 0 },
};

/* ---- files ---- */

static int check_request(struct fs *fs, const struct layout *request)
{
	const struct layout_limits *limits;
	int err;

	if (!request)
		return 0;
	err = fs_limits(fs, &limits);
	return err ? err : layout_check_request(request, limits);
}

static int migrate_one(struct migrate_run *run, const char *path)
{
	struct migrate_result result = { 0 };
	char why[ERROR_TEXT_MAX] = "";
	struct fs *fs;
	int err;

	error_clear();
	migrate_report_begin(&run->report, path);
	err = place_fs_get(&run->keeper, path, &fs);
	if (!err)
		err = check_request(fs, run->request);
	if (!err)
		err = migrate_file(fs, path, &run->options, &result);
	if (err)
		snprintf(why, sizeof(why), "%s", error_text(err));
	migrate_report_end(&run->report, path, err, why, &result);
	return err ? fail(err, "%s", why) : 0;
}

static void migrate_all(struct migrate_run *run, struct path_list *paths)
{
	const char *path;
	int more;

	while (!atomic_load(run->options.stop) && (more = path_list_next(paths, &path)) != 0) {
		if (more < 0) {
			tally_add(&run->tally, run->verb, run->args->files_from, more);
			return;
		}
		tally_add(&run->tally, run->verb, path, migrate_one(run, path));
	}
}

/* ---- the command ---- */

static int run_with(const struct verb *verb, struct migrate_args *a, struct path_list *paths,
		    const struct layout *request)
{
	struct bandwidth limit;
	struct migrate_run run = {
		.verb = verb,
		.args = a,
		.request = request,
		.options = {
			.request = request,
			.layout = a->auto_stripe ? MIGRATE_LAYOUT_AUTO :
				  a->restripe	 ? MIGRATE_LAYOUT_RESTRIPE :
						   MIGRATE_LAYOUT_GIVEN,
			.mode = a->nonblock ? MIGRATE_NONBLOCK : MIGRATE_BLOCK,
			.threads = a->threads,
			.limit = &limit,
			.stop = stop_signal_catch(),
			.progress = migrate_report_progress,
		},
		.report = {
			.verbose = a->verbose,
			.stats = a->stats,
			.stats_every_ns = a->interval_s * NS_PER_S,
			.list = a->json ? json_array() : NULL,
		},
	};
	int status;

	/* A reader of the output that goes away must not leave the file half way; stdout_check()
	 * tells. */
	signal(SIGPIPE, SIG_IGN);
	bandwidth_init(&limit, a->bandwidth);
	run.options.cookie = &run.report;
	migrate_all(&run, paths);
	status = tally_status(&run.tally);
	if (run.report.list && json_out(run.report.list) && status == STATUS_OK)
		status = STATUS_FAILED;
	place_fs_release(&run.keeper);
	bandwidth_release(&limit);
	if (atomic_load(run.options.stop)) {
		fflush(stdout);
		stop_signal_die();
	}
	return status;
}

static int run_parsed(const struct verb *verb, struct migrate_args *a, char **operands)
{
	CLEANUP_LAYOUT struct layout *request = NULL;
	CLEANUP(path_list_close) struct path_list paths = { 0 };
	int err;

	if (a->block && a->nonblock)
		return complain_usage(verb, "--block and --non-block exclude each other");
	if (!*operands && !a->files_from)
		return complain_usage(verb, "which file?");
	if (a->nul && !a->files_from)
		return complain_usage(verb, "--null is about --files-from, which is missing");
	err = layout_args_finish(&a->layout, &request);
	if (err == -EINVAL || err == -ERANGE)
		return complain_usage(verb, "%s", error_text(err));
	if (!err && (request != NULL) + a->auto_stripe + a->restripe > 1)
		return complain_usage(
			verb, "--auto-stripe, --restripe and layout options exclude each other");
	if (!err)
		err = path_list_open(&paths, operands, a->files_from, a->nul);
	if (err) {
		complain(verb, NULL, err);
		return STATUS_FAILED;
	}
	return run_with(verb, a, &paths, request);
}

static int run_migrate(const struct verb *verb, int argc, char **argv)
{
	struct migrate_args a = { .threads = DEFAULT_THREADS, .interval_s = DEFAULT_INTERVAL_S };
	int first, status = STATUS_USAGE;

	/* A descriptor that we inherited could be of a file that we are to lock: closing it at the end
	 * would wait for a writer that the lock holds back. */
	close_range(3, ~0U, 0);

	layout_args_init(&a.layout);
	switch (opt_parse(verb, argc, argv, &a, &first)) {
	case OPT_DONE:
		status = STATUS_OK;
		break;
	case OPT_BAD:
		break;
	case OPT_GO_ON:
		status = run_parsed(verb, &a, argv + first);
		break;
	}
	layout_args_release(&a.layout);
	return status;
}

const struct verb verb_migrate = {
	.name = "migrate",
	.summary = "move files to another layout or other OSTs",
	.synopsis = "[OPTION...] [LAYOUT OPTION...] FILE...\n[OPTION...] [LAYOUT OPTION...] "
		    "--files-from FILE",
	.about = "Copies the data of each FILE into new objects and puts them in the place of the "
		 "old ones, in\n"
		 "one step, if the data has not changed meanwhile. The file keeps its identity: "
		 "names, owner,\n"
		 "mode, times, attributes. What fails or is interrupted leaves the file as it was. "
		 "Without\n"
		 "layout options the layout stays and only the objects are new.",
	.groups = { { "Layout", layout_args_opts, offsetof(struct migrate_args, layout) },
		    { "Options", options, 0 } },
	.run = run_migrate,
};
