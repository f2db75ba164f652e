/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "cli/complain.h"
#include "cli/copy_args.h"
#include "cli/json_out.h"
#include "cli/layout_args.h"
#include "cli/migrate_report.h"
#include "cli/path_list.h"
#include "cli/place.h"
#include "cli/stop_signal.h"
#include "cli/tally.h"
#include "cli/verb.h"
#include "mover/migrate.h"

#include <errno.h>
#include <stdio.h>

struct migrate_args {
	struct layout_args layout;
	struct copy_args copy;
	bool block, nonblock, non_direct, nul, json, auto_stripe, restripe;
	const char *files_from;
};

struct migrate_run {
	const struct verb *verb;
	const struct migrate_args *args;
	const struct layout *request; /* borrowed; NULL: as it is */
	struct migrate_options options;
	struct migrate_report report;
	struct copy_watch watch;
	struct place_fs keeper;
	struct tally tally;
};

/* ---- options ---- */

#define FLAG(letter, long_name, member, help_text)                                                 \
	{                                                                                          \
		.key = letter, .name = long_name, .help = help_text, .take = opt_flag,             \
		.offset = offsetof(struct migrate_args, member)                                    \
	}

static const struct opt options[] = {
	FLAG('b', "block", block,
	     "writers of the file wait until its migrate is over;\nwithout -b or -n they go on, "
	     "and "
	     "wait for a moment at\nits end"),
	FLAG('n', "non-block", nonblock, "nobody waits: a writer ends the migrate of its file"),
	{ .key = OPT_LONG + 20,
	  .name = "files-from",
	  .arg = "FILE",
	  .help = "also the files named in FILE, one in a line; -\nis standard input",
	  .take = opt_text,
	  .offset = offsetof(struct migrate_args, files_from) },
	FLAG('0', "null", nul, "names in --files-from end in NUL, not in newline"),
	FLAG(OPT_LONG + 21, "json", json, "print JSON"),
	FLAG('D', "non-direct", non_direct, "accepted for lfs's sake; the data doesn't pass here"),
	FLAG('A', "auto-stripe", auto_stripe,
	     "stripes by the file's size: the square root of\nits GiB, and one"),
	FLAG(OPT_LONG + 22, "restripe", restripe,
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
	copy_watch_begin(&run->watch, path);
	err = place_fs_get(&run->keeper, path, &fs);
	if (!err)
		err = check_request(fs, run->request);
	if (!err)
		err = migrate_file(fs, path, &run->options, &result);
	if (err)
		snprintf(why, sizeof(why), "%s", error_text(err));
	copy_watch_end(&run->watch);
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

static enum migrate_mode mode_of(const struct migrate_args *a)
{
	if (a->nonblock)
		return MIGRATE_NONBLOCK;
	return a->block ? MIGRATE_BLOCK : MIGRATE_LIVE;
}

static enum migrate_layout layout_of(const struct migrate_args *a)
{
	if (a->auto_stripe)
		return MIGRATE_LAYOUT_AUTO;
	return a->restripe ? MIGRATE_LAYOUT_RESTRIPE : MIGRATE_LAYOUT_GIVEN;
}

static int run_with(const struct verb *verb, const struct migrate_args *a, struct path_list *paths,
		    const struct layout *request)
{
	struct bandwidth limit;
	struct migrate_run run = {
		.verb = verb,
		.args = a,
		.request = request,
		.options = {
			.request = request,
			.layout = layout_of(a),
			.mode = mode_of(a),
			.threads = a->copy.threads,
			.limit = &limit,
			.stop = stop_signal_catch(),
			.progress = copy_watch_progress,
		},
		.report = { .verbose = a->copy.verbose, .list = a->json ? json_array() : NULL },
		.watch = copy_args_watch(&a->copy),
	};
	int status;

	bandwidth_init(&limit, a->copy.bandwidth);
	run.watch.stats &= !a->json;
	run.options.cookie = &run.watch;
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

/* 0, or the exit status of a usage error. */
static int check_usage(const struct verb *verb, const struct migrate_args *a, char **operands)
{
	if (a->block && a->nonblock)
		return complain_usage(verb, "--block and --non-block exclude each other");
	if (!*operands && !a->files_from)
		return complain_usage(verb, "which file?");
	if (a->nul && !a->files_from)
		return complain_usage(verb, "--null is about --files-from, which is missing");
	return 0;
}

static int run_migrate(const struct verb *verb, void *parsed, char **operands)
{
	CLEANUP_LAYOUT struct layout *request = NULL;
	CLEANUP(path_list_close) struct path_list paths = { 0 };
	const struct migrate_args *a = parsed;
	int err = check_usage(verb, a, operands);

	if (err)
		return err;
	copy_args_prepare_process();
	err = layout_args_finish(&a->layout, 0, &request);
	if (err == -EINVAL || err == -ERANGE)
		return complain_usage(verb, "%s", error_text(err));
	if (!err && request && request->mirror_count > 1)
		return complain_usage(verb,
				      "the layout has %u mirrors, and this makes none; 'lov "
				      "mirror extend' does",
				      request->mirror_count);
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

static void init(void *parsed)
{
	copy_args_init(&((struct migrate_args *)parsed)->copy);
}

static void release(void *parsed)
{
	layout_args_release(&((struct migrate_args *)parsed)->layout);
}

const struct verb verb_migrate = {
	.name = "migrate",
	.summary = "move files to another layout or other OSTs",
	.synopsis = "[OPTION...] [LAYOUT OPTION...] FILE...\n[OPTION...] [LAYOUT OPTION...] "
		    "--files-from FILE",
	.about =
		"Copies the data of each FILE into new objects and puts them in the place of the "
		"old ones, in\n"
		"one step, if the data has not changed meanwhile. The file keeps its identity: "
		"names, owner,\n"
		"mode, times, attributes. Others may read and write it meanwhile: what they change "
		"is copied\n"
		"again. What fails or is interrupted leaves the file as it was. Without layout "
		"options the\n"
		"layout stays and only the objects are new.",
	.groups = { { "Layout", layout_args_opts, offsetof(struct migrate_args, layout) },
		    { "Options", options, 0 },
		    { "Copying", copy_args_opts, offsetof(struct migrate_args, copy) },
		    { "Statistics", copy_args_stats_opts, offsetof(struct migrate_args, copy) },
		    { NULL, layout_args_no_mirror_opts, offsetof(struct migrate_args, layout) } },
	.options_size = sizeof(struct migrate_args),
	.init = init,
	.release = release,
	.run = run_migrate,
};
