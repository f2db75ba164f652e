/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "base/sys.h"
#include "cli/copy_args.h"
#include "cli/id_list.h"
#include "cli/mirror_job.h"
#include "cli/verb_mirror.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct read_options {
	struct copy_args copy;
	uint32_t id;
	const char *out; /* NULL: standard output */
};

static const struct opt options[] = {
	{ .key = 'N',
	  .name = "mirror-id",
	  .arg = "ID",
	  .help = "the mirror",
	  .take = id_list_opt_one,
	  .offset = offsetof(struct read_options, id) },
	{ .key = 'o',
	  .name = "outfile",
	  .arg = "FILE",
	  .help = "write to FILE, which must not exist; - is standard\noutput, as without -o",
	  .take = opt_text,
	  .offset = offsetof(struct read_options, out) },
	{ 0 },
};

/* What was made here goes again if it isn't complete. */
static int read_to_file(struct mirror_job *job, struct fs *fs, const char *path)
{
	const struct read_options *o = job->args;
	struct mirror_result result = { 0 };
	CLEANUP_FD int fd =
		sys_openat(AT_FDCWD, o->out, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0666);
	char text[ERROR_TEXT_MAX];
	int err;

	if (fd < 0)
		return fail_sys(fd, "%s: cannot create it", o->out);
	err = mirror_read(fs, path, o->id, fd, &job->options, &result);
	if (!err && close(fd_steal(&fd)) != 0)
		err = fail_sys(-errno, "%s", o->out);
	if (!err)
		return 0;
	snprintf(text, sizeof(text), "%s", error_text(err));
	(void)!sys_unlinkat(AT_FDCWD, o->out, 0);
	return fail(err, "%s", text);
}

static int read_one(struct mirror_job *job, struct fs *fs, const char *path)
{
	const struct read_options *o = job->args;
	struct mirror_result result = { 0 };

	if (o->out && strcmp(o->out, "-") != 0)
		return read_to_file(job, fs, path);
	return mirror_read(fs, path, o->id, STDOUT_FILENO, &job->options, &result);
}

static int run_read(const struct verb *verb, void *parsed, char **paths)
{
	const struct read_options *o = parsed;
	int status = mirror_job_check_one(verb, paths, o->id);

	return status ? status : mirror_job_run(verb, &o->copy, o, paths, read_one);
}

static void init(void *parsed)
{
	copy_args_init(&((struct read_options *)parsed)->copy);
}

const struct verb verb_mirror_read = {
	.name = "mirror read",
	.summary = "print what one mirror of a file holds",
	.synopsis = "-N ID [-o OUT] FILE",
	.about = "Reads one mirror of FILE, also one that is stale.",
	.groups = { { "Options", options, 0 } },
	.options_size = sizeof(struct read_options),
	.init = init,
	.run = run_read,
};
