/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "cli/choices.h"
#include "cli/complain.h"
#include "cli/copy_args.h"
#include "cli/file_jobs.h"
#include "cli/json_out.h"
#include "cli/layout_args.h"
#include "cli/look_ahead.h"
#include "cli/migrate_report.h"
#include "cli/path_list.h"
#include "cli/place.h"
#include "cli/retry.h"
#include "cli/stop_signal.h"
#include "cli/verb.h"
#include "mover/migrate.h"

#include <errno.h>
#include <stdio.h>

struct migrate_args {
	struct layout_args layout;
	struct copy_args copy;
	bool block, nonblock, verify, non_direct, nul, json, auto_stripe, restripe;
	const char *files_from, *errors;
};

struct migrate_run {
	const struct verb *verb;
	const struct migrate_args *args;
	const struct layout *request; /* borrowed; NULL: as it is */
	struct migrate_options options;
	struct migrate_report report;
	struct copy_watch *watch;
	struct place_fs keeper;
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
	FLAG('0', "null", nul, "names in --files-from and --errors end in NUL, not\nin newline"),
	{ .key = OPT_LONG + 23,
	  .name = "errors",
	  .arg = "FILE",
	  .help = "FILE gets the names of files that failed, for\n--files-from",
	  .take = opt_text,
	  .offset = offsetof(struct migrate_args, errors) },
	FLAG(OPT_LONG + 21, "json", json, "print JSON"),
	FLAG('D', "non-direct", non_direct, "accepted for lfs's sake, and ignored"),
	FLAG('A', "auto-stripe", auto_stripe,
	     "stripes by the file's size: the square root of\nits GiB, and one"),
	FLAG(OPT_LONG + 24, "verify", verify,
	     "read the copy back and compare it, before it takes\nthe file's place"),
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

static int migrate_at(struct migrate_run *run, struct copy_watch_file *file, struct fs *fs,
		      struct migrate_result *result)
{
	struct migrate_options opt = run->options;
	int err = check_request(fs, run->request);

	opt.cookie = file;
	return err ? err : migrate_file(fs, file->path, &opt, result);
}

struct migrate_try {
	struct migrate_run *run;
	struct copy_watch_file *file;
	struct fs *fs;
	struct migrate_result *result;
};

static int migrate_try(void *cookie)
{
	const struct migrate_try *t = cookie;

	return migrate_at(t->run, t->file, t->fs, t->result);
}

static int migrate_retrying(struct migrate_run *run, struct copy_watch_file *file, struct fs *fs,
			    struct migrate_result *result)
{
	struct migrate_try t = { .run = run, .file = file, .fs = fs, .result = result };
	const struct retry retry = {
		.verb = run->verb,
		.path = file->path,
		.times = run->args->copy.retries,
		.stop = run->options.stop,
		.attempt = migrate_try,
		.cookie = &t,
	};

	return retry_run(&retry);
}

static int migrate_one(void *cookie, const char *path, uint64_t position)
{
	struct migrate_run *run = cookie;
	struct migrate_result result = { 0 };
	struct copy_watch_file file;
	char why[ERROR_TEXT_MAX] = "";
	struct stat st;
	struct fs *fs;
	int err;

	error_clear();
	err = place_fs_stat(&run->keeper, path, &fs, &st);
	copy_watch_begin(run->watch, &file, path, S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0);
	if (!err)
		err = migrate_retrying(run, &file, fs, &result);
	if (err)
		snprintf(why, sizeof(why), "%s", error_text(err));
	copy_watch_end(&file, err, why,
		       run->args->copy.events ? migrate_report_object(path, err, why, &result)
					      : NULL);
	migrate_report_end(&run->report, position, path, err, why, &result);
	return err ? fail(err, "%s", why) : 0;
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

static unsigned int jobs_of(const struct migrate_args *a, const struct path_list *paths)
{
	if (!path_list_many(paths))
		return 1;
	return a->copy.jobs ? a->copy.jobs : COPY_ARGS_DEFAULT_JOBS;
}

static int run_files(struct migrate_run *run, struct path_list *paths, struct error_list *errors)
{
	const struct migrate_args *a = run->args;
	const struct file_jobs jobs = {
		.verb = run->verb,
		.names_path = a->files_from,
		.jobs = jobs_of(a, paths),
		.stop = run->options.stop,
		.verbose = run->report.verbose,
		.errors = errors,
		.one = migrate_one,
		.cookie = run,
	};
	struct look_ahead ahead = { .operands = paths->operands,
				    .names_path = a->files_from,
				    .nul = a->nul };
	struct copy_watch_options watch = copy_args_watch(&a->copy);
	int status;

	watch.verb = run->verb->name;
	watch.stats &= !a->json;
	watch.several = jobs.jobs > 1;
	watch.look_ahead = look_ahead_run;
	watch.cookie = &ahead;
	if (copy_watch_new(&watch, &run->watch)) {
		complain(run->verb, NULL, -ENOMEM);
		return STATUS_FAILED;
	}
	status = file_jobs_run(&jobs, paths);
	copy_watch_free(run->watch);
	return status;
}

static int run_with(const struct verb *verb, const struct migrate_args *a, struct path_list *paths,
		    const struct layout *request)
{
	struct bandwidth limit;
	struct copy_memory memory;
	struct error_list errors;
	struct migrate_run run = {
		.verb = verb,
		.args = a,
		.request = request,
		.options = {
			.request = request,
			.layout = layout_of(a),
			.mode = mode_of(a),
			.verify = a->verify,
			.threads = a->copy.threads,
			.limit = &limit,
			.memory = &memory,
			.stop = stop_signal_catch(),
			.progress = copy_watch_progress,
		},
		.keeper = PLACE_FS_INIT,
	};
	const struct error_list_request list = { a->errors, a->nul, run.options.stop };
	int err = error_list_open(&errors, verb, &list), status;

	if (err) {
		complain(verb, NULL, err);
		return STATUS_FAILED;
	}
	bandwidth_init(&limit, a->copy.bandwidth);
	copy_memory_init(&memory, copy_memory_default());
	migrate_report_init(&run.report, copy_args_verbose(&a->copy), a->json && !a->copy.events);
	status = run_files(&run, paths, &errors);
	if (error_list_close(&errors) && status == STATUS_OK)
		status = STATUS_FAILED;
	if (run.report.json && json_out(migrate_report_array(&run.report)) && status == STATUS_OK)
		status = STATUS_FAILED;
	if (copy_args_verbose(&a->copy) && !a->json)
		place_fs_each(&run.keeper, choices_print);
	migrate_report_release(&run.report);
	place_fs_release(&run.keeper);
	copy_memory_release(&memory);
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
	if (a->nul && !a->files_from && !a->errors)
		return complain_usage(verb, "--null is about --files-from and --errors, which are "
					    "missing");
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
		"again; on Lustre they wait. What fails or is interrupted leaves the file as it "
		"was. Without\n"
		"layout options the layout stays and only the objects are new.",
	.groups = { { "Layout", layout_args_opts, offsetof(struct migrate_args, layout) },
		    { "Options", options, 0 },
		    { "Copying", copy_args_opts, offsetof(struct migrate_args, copy) },
		    { NULL, copy_args_retry_opts, offsetof(struct migrate_args, copy) },
		    { "Many files", copy_args_jobs_opts, offsetof(struct migrate_args, copy) },
		    { "Statistics", copy_args_stats_opts, offsetof(struct migrate_args, copy) },
		    { NULL, layout_args_no_mirror_opts, offsetof(struct migrate_args, layout) } },
	.options_size = sizeof(struct migrate_args),
	.init = init,
	.release = release,
	.run = run_migrate,
};
