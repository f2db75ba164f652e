/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"
#include "cli/complain.h"
#include "cli/copy_args.h"
#include "cli/layout_args.h"
#include "cli/mirror_job.h"
#include "cli/out.h"
#include "cli/mirror_warn.h"
#include "cli/sums_arg.h"
#include "cli/verb_mirror.h"
#include "layout/mirror_cut.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

struct extend_options {
	struct layout_args layout;
	struct copy_args copy;
	const char *victim;
	bool no_verify;
	struct sums_arg sums;
	const struct layout *request; /* borrowed; NULL: another for each file, as -N=N wants */
};

static int take_victim(void *parsed, const struct opt *opt UNUSED, const char *arg)
{
	struct extend_options *o = parsed;

	if (o->victim)
		return fail(-EINVAL, "option --file: one file becomes a mirror at a time");
	o->victim = arg;
	return 0;
}

static const struct opt options[] = {
	{ .key = 'f',
	  .name = "file",
	  .arg = "VICTIM",
	  .help = "the file VICTIM, with the same content, becomes the\nmirror; its name goes",
	  .take = take_victim },
	{ .key = OPT_LONG + 20,
	  .name = "no-verify",
	  .help = "VICTIM's content isn't compared before",
	  .take = opt_flag,
	  .offset = offsetof(struct extend_options, no_verify) },
	SUMS_ARG_OPT(OPT_LONG + 24, offsetof(struct extend_options, sums.path)),
	{ 0 },
};

/* ---- one file ---- */

static int count_mirrors(struct fs *fs, const char *path, uint32_t *ret_count)
{
	CLEANUP_FD int fd =
		sys_openat(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
	CLEANUP_LAYOUT struct layout *l = NULL;
	int err;

	if (fd < 0)
		return fail_sys(fd, "cannot open it");
	err = fs->ops->layout_get(fs, fd, &l);
	if (!err)
		*ret_count = l->mirror_count;
	return err;
}

/* One reference, the caller's. */
static int request_for(const struct extend_options *o, struct fs *fs, const char *path,
		       struct layout **ret_request)
{
	uint32_t existing = 0;
	int err;

	if (o->request) {
		*ret_request = layout_ref(o->request);
		return 0;
	}
	err = count_mirrors(fs, path, &existing);
	return err ? err : layout_args_finish(&o->layout, existing, ret_request);
}

static int check(struct fs *fs, const struct layout *request)
{
	const struct layout_limits *limits;
	int err = fs_limits(fs, &limits);

	return err ? err : layout_check_request(request, limits);
}

static int extend(struct mirror_job *job, struct fs *fs, const char *path,
		  struct mirror_result *result)
{
	CLEANUP_LAYOUT struct layout *request = NULL;
	struct layout *requests[LAYOUT_MIRRORS_MAX];
	unsigned int count;
	int err = request_for(job->args, fs, path, &request);

	if (!err)
		err = check(fs, request);
	if (!err)
		err = mirror_cut(request, requests, &count);
	if (err)
		return err;
	err = mirror_extend(fs, path, (const struct layout *const *)requests, count, &job->options,
			    result);
	for (unsigned int i = 0; i < count; i++)
		layout_unref(requests[i]);
	return err;
}

static void print_extended(const char *name, const struct mirror_result *r)
{
	CLEANUP_STRBUF struct strbuf b = { 0 };
	const char *path = out_name(&b, name);
	char size[SIZE_TEXT_MAX];

	progress_line_pause();
	printf("%s: %u mirror%s of %s added ", path, r->mirrors, r->mirrors == 1 ? "" : "s",
	       size_text(r->size_bytes, size));
	mirror_job_print_how(r);
	progress_line_resume();
}

static int extend_one(struct mirror_job *job, struct fs *fs, const char *path)
{
	const struct extend_options *o = job->args;
	struct mirror_warn warn = { .verb = job->verb };
	struct mirror_result result = { 0 };
	char why[ERROR_TEXT_MAX];
	int err;

	job->options.sums_dir_fd = sums_arg_fd(&o->sums);
	err = o->victim ? mirror_extend_from(fs, path, o->victim, o->no_verify, &job->options,
					     &result)
			: extend(job, fs, path, &result);
	if (err)
		snprintf(why, sizeof(why), "%s", error_text(err));
	sums_arg_tell(&o->sums, job, path, &result);
	job->partly_done = err && result.mirrors;
	job->something_done = job->partly_done;
	if (err)
		return fail(err, "%s", why);
	if (job->verbose)
		print_extended(path, &result);
	mirror_warn_file(&warn, fs, path);
	return 0;
}

/* ---- the command ---- */

/* 0, or the exit status of a usage error. */
static int check_usage(const struct verb *verb, const struct extend_options *o, char **paths)
{
	const struct layout_args *l = &o->layout;
	size_t mirrors = layout_args_count(l, LAYOUT_OPTION_MIRROR);

	if (!*paths)
		return complain_usage(verb, "which file?");
	if (!o->victim && o->no_verify)
		return complain_usage(verb, "--no-verify is about --file, which is missing");
	if (!o->victim && !mirrors && !l->yaml && !l->copy)
		return complain_usage(verb, "-N is missing: it begins each mirror");
	if (!o->victim)
		return 0;
	if (o->sums.path)
		return complain_usage(verb,
				      "--sums and --file exclude each other: what is not read "
				      "has no sums");
	if (l->count > mirrors || mirrors > 1 || l->yaml || l->copy ||
	    (mirrors && l->given[0].value && strcmp(l->given[0].value, "1") != 0))
		return complain_usage(verb, "with --file the mirror is VICTIM as it is: no more "
					    "mirrors, and no options of a layout");
	if (paths[1])
		return complain_usage(verb, "VICTIM can become a mirror of one file only");
	return 0;
}

static int run_extend(const struct verb *verb, void *parsed, char **paths)
{
	CLEANUP_LAYOUT struct layout *request = NULL;
	struct extend_options *o = parsed;
	int err = check_usage(verb, o, paths);

	if (err)
		return err;
	/* For -N=N this is only to see that the rest is right. */
	err = layout_args_finish(&o->layout, 0, &request);
	if (err == -EINVAL || err == -ERANGE)
		return complain_usage(verb, "%s", error_text(err));
	if (err) {
		complain(verb, NULL, err);
		return STATUS_FAILED;
	}
	if (!layout_args_total(&o->layout))
		o->request = request;
	err = sums_arg_open(&o->sums, verb);
	if (err == STATUS_OK)
		err = mirror_job_run(verb, &o->copy, o, paths, extend_one);
	sums_arg_close(&o->sums);
	return err;
}

static void init(void *parsed)
{
	copy_args_init(&((struct extend_options *)parsed)->copy);
}

static void release(void *parsed)
{
	layout_args_release(&((struct extend_options *)parsed)->layout);
}

const struct verb verb_mirror_extend = {
	.name = "mirror extend",
	.summary = "add mirrors to files",
	.synopsis = "[OPTION...] {-N[N] [LAYOUT OPTION...]}... FILE...\n"
		    "[OPTION...] -f VICTIM [--no-verify] FILE",
	.about = "Adds mirrors to each FILE and copies its data into them, read once for all. "
		 "Others may read\n"
		 "and write the file meanwhile. -N begins a mirror, or as many alike as it says, "
		 "-N=N as many as\n"
		 "are missing from N. What fails or is interrupted leaves the file as it was.",
	.groups = { { "Mirrors", layout_args_mirror_opts, offsetof(struct extend_options, layout) },
		    { "Layout", layout_args_opts, offsetof(struct extend_options, layout) },
		    { "Options", options, 0 },
		    { "Copying", copy_args_opts, offsetof(struct extend_options, copy) },
		    { NULL, copy_args_retry_opts, offsetof(struct extend_options, copy) },
		    { "Statistics", copy_args_stats_opts, offsetof(struct extend_options, copy) } },
	.options_size = sizeof(struct extend_options),
	.init = init,
	.release = release,
	.run = run_extend,
};
