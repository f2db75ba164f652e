/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "base/sys.h"
#include "cli/complain.h"
#include "cli/copy_args.h"
#include "cli/id_list.h"
#include "cli/mirror_job.h"
#include "cli/verb_mirror.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

struct write_options {
	struct copy_args copy;
	uint32_t id;
	const char *in; /* NULL: standard input */
};

static const struct opt options[] = {
	{ .key = 'N',
	  .name = "mirror-id",
	  .arg = "ID",
	  .help = "the mirror",
	  .take = id_list_opt_one,
	  .offset = offsetof(struct write_options, id) },
	{ .key = 'i',
	  .name = "inputfile",
	  .arg = "FILE",
	  .help = "read from FILE; - is standard input, as without -i",
	  .take = opt_text,
	  .offset = offsetof(struct write_options, in) },
	{ 0 },
};

/* It would be held open while its writers are held back, and be read while it changes. */
static int check_not_itself(int fd, const char *path)
{
	struct stat in, file;
	int err = sys_fstat(fd, &in);

	if (!err)
		err = sys_fstatat(AT_FDCWD, path, &file, AT_SYMLINK_NOFOLLOW);
	if (err)
		return fail_sys(err, "cannot open it");
	if (in.st_dev == file.st_dev && in.st_ino == file.st_ino)
		return fail(-EINVAL, "is its own input; 'lov mirror copy' copies between mirrors");
	return 0;
}

static int write_from(struct mirror_job *job, struct fs *fs, const char *path, int in_fd)
{
	const struct write_options *o = job->args;
	struct mirror_result result = { 0 };
	bool in_sync = false;
	int err = check_not_itself(in_fd, path);

	if (!err)
		err = mirror_write(fs, path, o->id, in_fd, &job->options, &in_sync, &result);
	if (!err && !in_sync)
		complain_text(job->verb, path,
			      "mirror %" PRIu32
			      " is stale: what was written isn't what the file holds",
			      o->id);
	return err;
}

static int write_one(struct mirror_job *job, struct fs *fs, const char *path)
{
	const struct write_options *o = job->args;
	CLEANUP_FD int fd = -1;

	if (!o->in || strcmp(o->in, "-") == 0)
		return write_from(job, fs, path, STDIN_FILENO);
	fd = sys_openat(AT_FDCWD, o->in, O_RDONLY | O_NOCTTY, 0);
	if (fd < 0)
		return fail_sys(fd, "%s: cannot open it", o->in);
	return write_from(job, fs, path, fd);
}

static int run_write(const struct verb *verb, void *parsed, char **paths)
{
	const struct write_options *o = parsed;
	int status = mirror_job_check_one(verb, paths, o->id);

	return status ? status : mirror_job_run(verb, &o->copy, o, paths, write_one);
}

static void init(void *parsed)
{
	copy_args_init(&((struct write_options *)parsed)->copy);
}

const struct verb verb_mirror_write = {
	.name = "mirror write",
	.summary = "give one mirror of a file other content",
	.synopsis = "-N ID [-i IN] FILE",
	.about = "Makes the bytes of IN, to its end, the content of one mirror of FILE. It is "
		 "stale meanwhile, and\n"
		 "afterwards too, unless these were what the file holds. The last mirror in sync "
		 "can't be written.",
	.groups = { { "Options", options, 0 } },
	.options_size = sizeof(struct write_options),
	.init = init,
	.run = run_write,
};
