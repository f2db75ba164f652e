/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/sums_arg.h"

#include "cli/complain.h"
#include "cli/out.h"
#include "mover/sums_dir.h"

#include <stdio.h>

/* Better to do nothing than to read everything each night because of a slip of the pen. */
int sums_arg_open(struct sums_arg *a, const struct verb *verb)
{
	int err;

	if (!a->path)
		return STATUS_OK;
	err = sums_dir_open(a->path, &a->fd);
	if (!err)
		return STATUS_OK;
	a->fd = -1;
	complain_text(verb, NULL, "--sums %s: %s", a->path, error_text(err));
	return STATUS_FAILED;
}

void sums_arg_close(struct sums_arg *a)
{
	if (a->path)
		fd_cleanup(&a->fd);
}

static void print_doubt(const char *name, const char *why)
{
	CLEANUP_STRBUF struct strbuf b = { 0 };
	const char *path = out_name(&b, name);

	progress_line_pause();
	printf("%s: the sums were not used: %s\n", path, why);
	progress_line_resume();
}

void sums_arg_tell(const struct sums_arg *a, const struct mirror_job *job, const char *path,
		   const struct mirror_result *r)
{
	if (!a->path)
		return;
	if (*r->sums_trouble)
		complain_text(job->verb, path, "warning: sums: %s", r->sums_trouble);
	else if (job->verbose && *r->sums_doubt)
		print_doubt(path, r->sums_doubt);
}
