/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/units.h"
#include "cli/complain.h"
#include "cli/copy_args.h"
#include "cli/id_list.h"
#include "cli/mirror_job.h"
#include "cli/out.h"
#include "cli/verb_mirror.h"

#include <inttypes.h>
#include <stdio.h>

struct verify_options {
	struct copy_args copy;
	struct id_list only;
};

static const struct opt options[] = {
	{ .key = OPT_LONG + 20,
	  .name = "only",
	  .arg = "IDS",
	  .help = "compare only these mirrors, such as 1,3",
	  .take = id_list_opt,
	  .offset = offsetof(struct verify_options, only) },
	{ 0 },
};

static void print_difference(const struct mirror_difference *d, void *cookie)
{
	/* mirror_verify() carries one cookie, that of the progress. */
	const struct copy_watch_file *file = cookie;
	CLEANUP_STRBUF struct strbuf b = { 0 }, why = { 0 };
	const char *path = out_name(&b, file->path);

	progress_line_pause();
	if (d->unreadable)
		printf("%s: mirror %" PRIu32 ": cannot be read (%s)\n", path, d->mirror_id,
		       out_text(&why, d->unreadable));
	else if (d->stale)
		printf("%s: mirror %" PRIu32 " is stale\n", path, d->mirror_id);
	else
		printf("%s: mirror %" PRIu32 " differs from mirror %" PRIu32 ": bytes [%" PRIu64
		       ", %" PRIu64 ")\n",
		       path, d->mirror_id, d->reference_id, d->start, d->end);
	progress_line_resume();
}

static int verify_one(struct mirror_job *job, struct fs *fs, const char *path)
{
	const struct verify_options *o = job->args;
	struct mirror_result result = { 0 };
	CLEANUP_STRBUF struct strbuf b = { 0 };
	char size[SIZE_TEXT_MAX];
	int err = mirror_verify(fs, path, o->only.ids, o->only.count, print_difference,
				&job->options, &result);

	if (err || !job->verbose)
		return err;
	progress_line_pause();
	printf("%s: %u mirrors of %s are in sync and equal\n", out_name(&b, path), result.mirrors,
	       size_text(result.size_bytes, size));
	progress_line_resume();
	return 0;
}

static int run_verify(const struct verb *verb, void *parsed, char **paths)
{
	const struct verify_options *o = parsed;

	if (!*paths)
		return complain_usage(verb, "which file?");
	if (o->only.count == 1)
		return complain_usage(verb,
				      "option --only: two mirrors are needed for a comparison");
	return mirror_job_run(verb, &o->copy, o, paths, verify_one);
}

static void init(void *parsed)
{
	copy_args_init(&((struct verify_options *)parsed)->copy);
}

const struct verb verb_mirror_verify = {
	.name = "mirror verify",
	.summary = "compare the mirrors of files",
	.synopsis = "[OPTION...] FILE...",
	.about = "Reads the mirrors of each FILE and compares them. Prints each that is stale or "
		 "cannot be\n"
		 "read, and each range in which one differs from the first that is in sync; the "
		 "exit "
		 "status is 1\n"
		 "then.",
	.groups = { { "Options", options, 0 },
		    { "Reading", copy_args_opts, offsetof(struct verify_options, copy) },
		    { NULL, copy_args_retry_opts, offsetof(struct verify_options, copy) } },
	.options_size = sizeof(struct verify_options),
	.init = init,
	.run = run_verify,
};
