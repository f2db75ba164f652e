/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/mirror_job.h"

#include "base/checked.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/units.h"
#include "cli/complain.h"
#include "cli/stop_signal.h"

#include <inttypes.h>
#include <stdio.h>

static int run_one(struct mirror_job *job, const char *path,
		   int (*one)(struct mirror_job *job, struct fs *fs, const char *path))
{
	struct fs *fs;
	int err;

	error_clear();
	err = place_fs_get(&job->keeper, path, &fs);
	if (err)
		return err;
	copy_watch_begin(&job->watch, path);
	err = one(job, fs, path);
	copy_watch_end(&job->watch);
	return err;
}

int mirror_job_run(const struct verb *verb, const struct copy_args *copy, const void *args,
		   char **paths,
		   int (*one)(struct mirror_job *job, struct fs *fs, const char *path))
{
	struct mirror_job job = {
		.verb = verb,
		.args = args,
		.verbose = copy->verbose,
		.options = { .threads = copy->threads,
			     .stop = stop_signal_catch(),
			     .progress = copy_watch_progress },
		.watch = copy_args_watch(copy),
	};

	copy_args_prepare_process();
	bandwidth_init(&job.limit, copy->bandwidth);
	job.options.limit = &job.limit;
	job.options.cookie = &job.watch;
	for (; *paths && !atomic_load(job.options.stop); paths++)
		tally_add(&job.tally, verb, *paths, run_one(&job, *paths, one));
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

void mirror_job_print_copied(const char *path, const struct mirror_result *r)
{
	char copied[SIZE_TEXT_MAX], size[SIZE_TEXT_MAX];
	uint64_t all;

	progress_line_erase();
	if (!r->mirrors) {
		printf("%s: already in sync\n", path);
		return;
	}
	/* What was copied is of all mirrors together, too. */
	if (!mul_u64(r->size_bytes, r->mirrors, &all))
		all = UINT64_MAX;
	printf("%s: %u mirror%s brought up: copied %s of %s ", path, r->mirrors,
	       r->mirrors == 1 ? "" : "s", size_text(r->copied_bytes, copied),
	       size_text(all, size));
	mirror_job_print_how(r);
}

void mirror_job_print_how(const struct mirror_result *r)
{
	printf("in %u pass%s, %.2f s, writers held back for at most %" PRIu64 " ms\n", r->passes,
	       r->passes == 1 ? "" : "es", (double)r->elapsed_ns / (double)NS_PER_S,
	       copy_watch_ms(r->held_ns));
}
