/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "cli/complain.h"
#include "cli/copy_args.h"
#include "cli/id_list.h"
#include "cli/mirror_job.h"
#include "cli/sums_arg.h"
#include "cli/verb_mirror.h"

#include <stdio.h>

struct resync_options {
	struct copy_args copy;
	struct id_list only;
	bool force, compare, no_compare;
	struct sums_arg sums;
};

static const struct opt options[] = {
	{ .key = OPT_LONG + 20,
	  .name = "only",
	  .arg = "IDS",
	  .help = "only these mirrors, such as 2 or 2,3",
	  .take = id_list_opt,
	  .offset = offsetof(struct resync_options, only) },
	{ .key = OPT_LONG + 21,
	  .name = "force-resync",
	  .help = "copy mirrors whole, whatever is known of them, and\nthose marked in sync too",
	  .take = opt_flag,
	  .offset = offsetof(struct resync_options, force) },
	{ .key = OPT_LONG + 22,
	  .name = "compare",
	  .help = "read stale mirrors too, and write only what differs;\nthe default on Lustre for "
		  "large ones that have data",
	  .take = opt_flag,
	  .offset = offsetof(struct resync_options, compare) },
	{ .key = OPT_LONG + 23,
	  .name = "no-compare",
	  .help = "write all that is stale",
	  .take = opt_flag,
	  .offset = offsetof(struct resync_options, no_compare) },
	SUMS_ARG_OPT(OPT_LONG + 24, offsetof(struct resync_options, sums.path)),
	{ 0 },
};

static enum mirror_compare compare_of(const struct resync_options *o)
{
	if (o->compare)
		return MIRROR_COMPARE;
	return o->no_compare ? MIRROR_COMPARE_NOT : MIRROR_COMPARE_AUTO;
}

static int resync_one(struct mirror_job *job, struct fs *fs, const char *path)
{
	const struct resync_options *o = job->args;
	const struct mirror_resync_what what = { .only_ids = o->only.ids,
						 .only_count = o->only.count,
						 .force = o->force,
						 .compare = compare_of(o) };
	struct mirror_result result = { 0 };
	char why[ERROR_TEXT_MAX];
	int err;

	job->options.sums_dir_fd = sums_arg_fd(&o->sums);
	err = mirror_resync(fs, path, &what, &job->options, &result);
	if (err)
		snprintf(why, sizeof(why), "%s", error_text(err));
	sums_arg_tell(&o->sums, job, path, &result);
	job->something_done |= err && result.mirrors;
	if (job->verbose && (!err || result.mirrors))
		mirror_job_print_copied(path, &result);
	return err ? fail(err, "%s", why) : 0;
}

static int run_resync(const struct verb *verb, void *parsed, char **paths)
{
	struct resync_options *o = parsed;
	int status;

	if (!*paths)
		return complain_usage(verb, "which file?");
	if (o->compare && o->no_compare)
		return complain_usage(verb, "--compare and --no-compare exclude each other");
	status = sums_arg_open(&o->sums, verb);
	if (status == STATUS_OK)
		status = mirror_job_run(verb, &o->copy, o, paths, resync_one);
	sums_arg_close(&o->sums);
	return status;
}

static void init(void *parsed)
{
	copy_args_init(&((struct resync_options *)parsed)->copy);
}

const struct verb verb_mirror_resync = {
	.name = "mirror resync",
	.summary = "bring up what is stale",
	.synopsis = "[OPTION...] FILE...",
	.about = "Brings the stale mirrors of each FILE up to its data, and copies only what has "
		 "changed since\n"
		 "they became stale. Others may read and write the file meanwhile; they wait for a "
		 "moment at the\n"
		 "end. What was copied before an interruption needs no copying again.",
	.groups = { { "Options", options, 0 },
		    { "Copying", copy_args_opts, offsetof(struct resync_options, copy) },
		    { NULL, copy_args_retry_opts, offsetof(struct resync_options, copy) },
		    { "Statistics", copy_args_stats_opts, offsetof(struct resync_options, copy) } },
	.options_size = sizeof(struct resync_options),
	.init = init,
	.run = run_resync,
};
