/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/complain.h"
#include "cli/copy_args.h"
#include "cli/id_list.h"
#include "cli/mirror_job.h"
#include "cli/verb_mirror.h"

#include <inttypes.h>

struct copy_options {
	struct copy_args copy;
	uint32_t from;
	struct id_list to;
};

static const struct opt options[] = {
	{ .key = 'i',
	  .name = "read-mirror",
	  .arg = "ID",
	  .help = "the mirror to copy; it must be in sync",
	  .take = id_list_opt_one,
	  .offset = offsetof(struct copy_options, from) },
	{ .key = 'o',
	  .name = "write-mirror",
	  .arg = "IDS",
	  .help = "the mirrors to copy it to, such as 2 or 2,3; -1:\nall others",
	  .take = id_list_opt_or_all,
	  .offset = offsetof(struct copy_options, to) },
	{ 0 },
};

static int copy_one(struct mirror_job *job, struct fs *fs, const char *path)
{
	const struct copy_options *o = job->args;
	const struct mirror_resync_what what = { .only_ids = o->to.ids,
						 .only_count = o->to.count,
						 .force = true,
						 .source_id = o->from };
	struct mirror_result result = { 0 };
	int err = mirror_resync(fs, path, &what, &job->options, &result);

	job->something_done |= err && result.mirrors;
	if (job->verbose && (!err || result.mirrors))
		mirror_job_print_copied(path, &result);
	return err;
}

static int run_copy(const struct verb *verb, void *parsed, char **paths)
{
	const struct copy_options *o = parsed;

	if (!*paths)
		return complain_usage(verb, "which file?");
	if (!o->from)
		return complain_usage(verb, "which mirror to copy? -i says it");
	if (!o->to.count && !o->to.all)
		return complain_usage(verb, "which mirrors to copy it to? -o says it");
	if (id_list_has(&o->to, o->from))
		return complain_usage(verb, "mirror %" PRIu32 " can't be copied onto itself",
				      o->from);
	return mirror_job_run(verb, &o->copy, o, paths, copy_one);
}

static void init(void *parsed)
{
	copy_args_init(&((struct copy_options *)parsed)->copy);
}

const struct verb verb_mirror_copy = {
	.name = "mirror copy",
	.summary = "copy one mirror of files to others, whole",
	.synopsis = "-i ID -o IDS FILE...",
	.about = "Copies the data of one mirror of each FILE to others, whatever is known of "
		 "them; they are in\n"
		 "sync then. Others may read and write the file meanwhile.",
	.groups = { { "Options", options, 0 },
		    { "Copying", copy_args_opts, offsetof(struct copy_options, copy) },
		    { NULL, copy_args_retry_opts, offsetof(struct copy_options, copy) },
		    { "Statistics", copy_args_stats_opts, offsetof(struct copy_options, copy) } },
	.options_size = sizeof(struct copy_options),
	.init = init,
	.run = run_copy,
};
