/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --sums DIR: where it is kept what mirrors have (mover/sums_dir.h). */
#ifndef LOVFS_CLI_SUMS_ARG_H
#define LOVFS_CLI_SUMS_ARG_H

#include "cli/mirror_job.h"

struct sums_arg {
	const char *path; /* borrowed of argv; NULL: not given */
	int fd;           /* owned; of use where path isn't NULL */
};

/* An entry of an option table, for the struct's first field. */
#define SUMS_ARG_OPT(key_, offset_)                                                                \
	{                                                                                          \
		.key = (key_), .name = "sums", .arg = "DIR",                                       \
		.help = "on Lustre: keep sums of what the mirrors have\nin DIR, so that a resync " \
			"reads the file alone",                                                    \
		.take = opt_text, .offset = (offset_),                                             \
	}

/* Opens the directory, once the command line is known. An exit status: what is wrong with it is said. */
int sums_arg_open(struct sums_arg *a, const struct verb *verb);
void sums_arg_close(struct sums_arg *a);

/* For the options of what is called for a file: NULL where it isn't given. */
static inline const int *sums_arg_fd(const struct sums_arg *a)
{
	return a->path ? &a->fd : NULL;
}

/* Says what came of it: trouble as a warning, a doubt where -v was given. */
void sums_arg_tell(const struct sums_arg *a, const struct mirror_job *job, const char *path,
		   const struct mirror_result *r);

#endif
