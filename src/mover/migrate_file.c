/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/migrate.h"

#include "base/clock.h"
#include "base/error.h"
#include "mover/migrate_steps.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* From the first step to the last. What failed keeps its text while the rest is put away. */
static int attempt(struct fs *fs, const char *path, const struct migrate_options *opt,
		   struct migrate_result *result)
{
	struct migration m = {
		.fs = fs,
		.path = path,
		.opt = opt,
		.result = result,
		.dir_fd = -1,
		.file_fd = -1,
		.victim_fd = -1,
	};
	char text[ERROR_TEXT_MAX];
	int err = 0;

	for (unsigned int i = 0; i < migrate_steps_count && !err && !m.done; i++) {
		result->step = migrate_steps[i].name;
		if (opt->stop && atomic_load(opt->stop))
			err = fail(-ECANCELED, "interrupted");
		else
			err = migrate_steps[i].run(&m);
	}
	if (err)
		snprintf(text, sizeof(text), "%s", error_text(err));
	migrate_steps_undo(&m);
	return err ? fail(err, "%s", text) : 0;
}

int migrate_file(struct fs *fs, const char *path, const struct migrate_options *opt,
		 struct migrate_result *ret_result)
{
	uint64_t begin = clock_now_ns();
	int err;

	memset(ret_result, 0, sizeof(*ret_result));
	do {
		ret_result->attempts++;
		err = attempt(fs, path, opt, ret_result);
	} while (err == -EAGAIN && opt->mode == MIGRATE_BLOCK &&
		 ret_result->attempts < MIGRATE_ATTEMPTS);
	ret_result->elapsed_ns = clock_now_ns() - begin;
	if (err == -EAGAIN)
		return fail(err, "its data changed during the copy%s",
			    opt->mode == MIGRATE_BLOCK ? ", each time it was tried" : "");
	return err;
}
