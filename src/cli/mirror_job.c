/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/mirror_job.h"

#include "base/checked.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/units.h"
#include "cli/complain.h"
#include "cli/look_ahead.h"
#include "cli/out.h"
#include "cli/retry.h"
#include "cli/seen.h"
#include "cli/stop_signal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

struct mirror_try {
	struct mirror_job *job;
	struct fs *fs;
	const char *path;
	int (*one)(struct mirror_job *job, struct fs *fs, const char *path);
};

static int try_one(void *cookie)
{
	const struct mirror_try *t = cookie;

	return t->one(t->job, t->fs, t->path);
}

static int run_retrying(const struct mirror_try *t)
{
	const struct retry retry = {
		.verb = t->job->verb,
		.path = t->path,
		.times = t->job->retries,
		.stop = t->job->options.stop,
		.final = &t->job->partly_done,
		.attempt = try_one,
		.cookie = (void *)t,
	};

	t->job->partly_done = false;
	return retry_run(&retry);
}

static int run_one(struct mirror_job *job, const char *path,
		   int (*one)(struct mirror_job *job, struct fs *fs, const char *path))
{
	char why[ERROR_TEXT_MAX] = "";
	struct stat st;
	struct fs *fs;
	int err;

	error_clear();
	err = place_fs_stat(&job->keeper, path, &fs, &st);
	copy_watch_begin(job->watch, &job->file, path,
			 S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0);
	if (!err)
		err = run_retrying(&(struct mirror_try){ job, fs, path, one });
	if (err)
		snprintf(why, sizeof(why), "%s", error_text(err));
	copy_watch_end(&job->file, err, why, NULL);
	return err ? fail(err, "%s", why) : 0;
}

static int watch_new(struct mirror_job *job, const struct copy_args *copy, struct look_ahead *ahead)
{
	struct copy_watch_options watch = copy_args_watch(copy);

	watch.verb = job->verb->name;
	watch.look_ahead = look_ahead_run;
	watch.cookie = ahead;
	return copy_watch_new(&watch, &job->watch);
}

int mirror_job_run(const struct verb *verb, const struct copy_args *copy, const void *args,
		   char **paths,
		   int (*one)(struct mirror_job *job, struct fs *fs, const char *path))
{
	struct mirror_job job = {
		.verb = verb,
		.args = args,
		.verbose = copy_args_verbose(copy),
		.retries = copy->retries,
		.options = { .threads = copy->threads,
			     .stop = stop_signal_catch(),
			     .progress = copy_watch_progress },
		.keeper = PLACE_FS_INIT,
	};
	struct look_ahead ahead = { .operands = paths };
	struct seen seen;

	copy_args_prepare_process();
	if (watch_new(&job, copy, &ahead)) {
		complain(verb, NULL, -ENOMEM);
		return STATUS_FAILED;
	}
	bandwidth_init(&job.limit, copy->bandwidth);
	job.options.limit = &job.limit;
	job.options.cookie = &job.file;
	seen_init(&seen);
	for (; *paths && !atomic_load(job.options.stop); paths++) {
		if (seen_before(&seen, *paths, false)) {
			if (job.verbose)
				seen_print(*paths);
			continue;
		}
		job.something_done = false;
		tally_add(&job.tally, verb, *paths, run_one(&job, *paths, one));
		job.tally.good += job.something_done;
	}
	seen_release(&seen);
	copy_watch_free(job.watch);
	place_fs_release(&job.keeper);
	bandwidth_release(&job.limit);
	if (atomic_load(job.options.stop)) {
		fflush(stdout);
		stop_signal_die();
	}
	return tally_status(&job.tally);
}

int mirror_job_check_one(const struct verb *verb, char **paths, uint32_t mirror_id)
{
	if (!*paths)
		return complain_usage(verb, "which file?");
	if (paths[1])
		return complain_usage(verb, "one file at a time");
	if (!mirror_id)
		return complain_usage(verb, "which mirror? -N says it");
	return STATUS_OK;
}

void mirror_job_print_copied(const char *name, const struct mirror_result *r)
{
	CLEANUP_STRBUF struct strbuf b = { 0 };
	const char *path = out_name(&b, name);
	char copied[SIZE_TEXT_MAX], size[SIZE_TEXT_MAX];
	uint64_t all;

	progress_line_pause();
	if (!r->mirrors) {
		printf("%s: already in sync\n", path);
		progress_line_resume();
		return;
	}
	/* What was copied is of all mirrors together, too. */
	if (!mul_u64(r->size_bytes, r->mirrors, &all))
		all = UINT64_MAX;
	printf("%s: %u mirror%s brought up: copied %s of %s%s ", path, r->mirrors,
	       r->mirrors == 1 ? "" : "s", size_text(r->copied_bytes, copied), size_text(all, size),
	       r->compared  ? " that was compared"
	       : r->by_sums ? " whose sums are known"
			    : "");
	mirror_job_print_how(r);
	progress_line_resume();
}

void mirror_job_print_how(const struct mirror_result *r)
{
	printf("in %u pass%s, %.2f s, writers held back for at most %" PRIu64 " ms\n", r->passes,
	       r->passes == 1 ? "" : "es", (double)r->elapsed_ns / (double)NS_PER_S,
	       copy_watch_ms(r->held_ns));
}
