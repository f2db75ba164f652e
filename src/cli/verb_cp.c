/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "cli/complain.h"
#include "cli/copy_data.h"
#include "cli/copy_trouble.h"
#include "cli/count_trees.h"
#include "cli/cp_args.h"
#include "cli/cp_place.h"
#include "cli/cp_report.h"
#include "cli/stop_signal.h"
#include "cli/verb.h"
#include "tree/tree.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

/* Of descriptors: for each file under way and its directories; for all else. */
#define DESCRIPTORS_EACH 16
#define DESCRIPTORS_OTHERS 128

struct run {
	const struct cp_args *args;
	struct cp_place place;
	struct copy_watch *watch;
	struct copy_data *data;
	struct cp_report report;
	uint64_t refused; /* operands that weren't begun with */
	atomic_bool *stop;
};

/* ---- what the tree asks for ---- */

static int copy_data(void *cookie, struct tree_file *file)
{
	struct run *run = cookie;

	return copy_trouble_explain(file, copy_data_run(run->data, file));
}

static void done(void *cookie, const struct tree_name *name)
{
	struct run *run = cookie;

	cp_report_name(&run->report, name);
}

/* As many files at a time as are wanted, and there are descriptors for. */
static unsigned int jobs_allowed(unsigned int wanted)
{
	struct rlimit limit;
	rlim_t room;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return wanted;
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)!setrlimit(RLIMIT_NOFILE, &limit);
	}
	room = limit.rlim_cur > DESCRIPTORS_OTHERS ? limit.rlim_cur - DESCRIPTORS_OTHERS : 0;
	return (unsigned int)MAX_OF(MIN_OF(room / DESCRIPTORS_EACH, wanted), 1);
}

/* ---- the copies ---- */

static void copy_operands(struct run *run, struct tree *t, char **operands)
{
	for (unsigned int i = 0; i < run->place.operands && !atomic_load(run->stop); i++) {
		const char *name;
		int err;

		error_clear();
		err = cp_place_name(&run->place, operands[i], &name);
		if (err) {
			run->refused++;
			cp_report_operand(&run->report, operands[i], err);
			continue;
		}
		tree_copy(t, operands[i], name);
	}
}

static int copy_all(struct run *run, char **operands, struct tree_counts *ret_counts)
{
	const struct cp_args *a = run->args;
	const struct tree_options options = {
		.recursive = a->recursive,
		.preserve = a->preserve || a->recursive,
		.one_file_system = a->one_file_system,
		.no_clobber = a->no_clobber,
		.sync = a->sync,
		.threads = jobs_allowed(a->copy.jobs),
		.stop = run->stop,
		.cookie = run,
		.copy_data = copy_data,
		.done = done,
	};
	struct tree *t;
	int err = tree_new(&options, run->place.dirfd, run->place.path, &t);

	if (err)
		return err;
	copy_operands(run, t, operands);
	*ret_counts = tree_free(t);
	return 0;
}

static int status_of(const struct run *run, struct tree_counts counts)
{
	if (!counts.failed && !run->refused)
		return STATUS_OK;
	return counts.made ? STATUS_PARTLY : STATUS_FAILED;
}

static int watch_new(const struct verb *verb, struct run *run, struct count_trees *ahead)
{
	const struct cp_args *a = run->args;
	struct copy_watch_options watch = copy_args_watch(&a->copy);

	watch.verb = verb->name;
	watch.stats &= !a->json;
	watch.several = a->copy.jobs > 1 && (a->recursive || ahead->count > 1);
	watch.look_ahead = count_trees_run;
	watch.cookie = ahead;
	return copy_watch_new(&watch, &run->watch);
}

static int data_new(struct run *run)
{
	const struct cp_args *a = run->args;
	const struct copy_data_options options = { .memory_bytes = a->memory_bytes,
						   .bytes_per_s = a->copy.bandwidth,
						   .threads = a->copy.threads,
						   .verify = a->verify,
						   .watch = run->watch };

	return copy_data_new(&options, &run->data);
}

static int run_with(const struct verb *verb, struct run *run, char **operands)
{
	struct tree_counts counts = { 0 };
	int status, err;

	run->stop = stop_signal_catch_and(copy_data_stop, run->data);
	/* A reader of the output that goes away leaves no file half way. */
	signal(SIGPIPE, SIG_IGN);
	cp_report_init(&run->report, verb, run->args);
	err = copy_all(run, operands, &counts);
	if (err)
		complain(verb, NULL, err);
	status = err ? STATUS_FAILED : status_of(run, counts);
	copy_watch_free(run->watch);
	run->watch = NULL;
	err = cp_report_end(&run->report, run->data);
	if (err && status == STATUS_OK)
		status = STATUS_FAILED;
	if (atomic_load(run->stop)) {
		fflush(stdout);
		stop_signal_die();
	}
	return status;
}

/* ---- the command ---- */

/* 0, or the exit status of a usage error. */
static int check_usage(const struct verb *verb, const struct cp_args *a, char **operands)
{
	if (!operands[0])
		return complain_usage(verb, "which files?");
	if (a->target_directory && a->no_target_directory)
		return complain_usage(verb, "-t and -T exclude each other");
	if (!a->target_directory && !operands[1])
		return complain_usage(verb, "where is '%s' to be copied to?", operands[0]);
	if (a->no_target_directory && operands[2])
		return complain_usage(verb,
				      "-T takes one file and its copy's name; '%s' is too much",
				      operands[2]);
	return 0;
}

static int run_cp(const struct verb *verb, void *parsed, char **operands)
{
	const struct cp_args *a = parsed;
	struct count_trees ahead = { .operands = operands,
				     .recursive = a->recursive,
				     .one_file_system = a->one_file_system };
	struct run run = { .args = a, .place = { .dirfd = -1 } };
	const char *about = NULL;
	int status = check_usage(verb, a, operands), err;

	if (status)
		return status;
	err = cp_place_open(a, operands, &run.place, &about);
	ahead.count = run.place.operands;
	if (!err)
		err = watch_new(verb, &run, &ahead);
	if (!err)
		err = data_new(&run);
	if (err) {
		complain(verb, about, err);
		status = STATUS_FAILED;
	} else {
		status = run_with(verb, &run, operands);
	}
	copy_watch_free(run.watch);
	cp_place_close(&run.place);
	copy_data_free(run.data);
	return status;
}

const struct verb verb_cp = {
	.name = "cp",
	.summary = "copy files and trees, on any file systems",
	.synopsis = "[OPTION...] SRC DST\n[OPTION...] SRC... DIR\n[OPTION...] -t DIR SRC...",
	.about = "Copies files the fastest way that the file systems offer: shared extents, a copy "
		 "in the\n"
		 "kernel or by the server, overlapped direct I/O, many files at a time. Holes stay "
		 "holes.\n"
		 "With -r directories are copied as cp -a copies them. A copy appears under its "
		 "name "
		 "when it\n"
		 "is complete: what is interrupted leaves nothing, and an older file as it was.",
	.groups = { { "Options", cp_args_opts, 0 },
		    { "Copying", cp_args_copying_opts, 0 },
		    { "Statistics", copy_args_stats_opts, offsetof(struct cp_args, copy) } },
	.options_size = sizeof(struct cp_args),
	.init = cp_args_init,
	.run = run_cp,
};
