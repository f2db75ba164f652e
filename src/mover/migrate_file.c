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
		   enum migrate_mode mode, struct migrate_result *result)
{
	struct migration m = {
		.fs = fs,
		.path = path,
		.opt = opt,
		.mode = mode,
		.result = result,
		.file = SUBJECT_INIT,
		.victim_fd = -1,
	};
	char text[ERROR_TEXT_MAX];
	int err = 0;

	for (const struct migrate_step *s = migrate_steps_of(mode); s->name && !err && !m.done;
	     s++) {
		result->step = s->name;
		if (opt->stop && atomic_load(opt->stop))
			err = fail(-ECANCELED, "interrupted");
		else
			err = s->run(&m);
	}
	if (err)
		snprintf(text, sizeof(text), "%s", error_text(err));
	migrate_steps_undo(&m);
	return err ? fail(err, "%s", text) : 0;
}

static enum migrate_mode mode_on(const struct fs *fs, enum migrate_mode wanted)
{
	return wanted == MIGRATE_LIVE && !fs->ops->follow_begin ? MIGRATE_BLOCK : wanted;
}

int migrate_file(struct fs *fs, const char *path, const struct migrate_options *opt,
		 struct migrate_result *ret_result)
{
	enum migrate_mode mode = mode_on(fs, opt->mode);
	uint64_t begin = clock_now_ns();
	int err;

	memset(ret_result, 0, sizeof(*ret_result));
	ret_result->offloaded = fs->copying == FS_COPYING_RANGE;
	do {
		ret_result->attempts++;
		err = attempt(fs, path, opt, mode, ret_result);
	} while (err == -EAGAIN && mode == MIGRATE_BLOCK &&
		 ret_result->attempts < MIGRATE_ATTEMPTS);
	ret_result->elapsed_ns = clock_now_ns() - begin;
	if (err == -EAGAIN && mode != MIGRATE_LIVE)
		return fail(err, "its data changed during the copy%s",
			    mode == MIGRATE_BLOCK ? ", each time it was tried" : "");
	return err;
}
