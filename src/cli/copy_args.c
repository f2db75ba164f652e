/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/copy_args.h"

#include "base/clock.h"
#include "base/pool.h"
#include "base/sys.h"
#include "base/units.h"
#include "cli/bandwidth_arg.h"
#include "mover/transfer.h"

#include <dirent.h>
#include <signal.h>
#include <unistd.h>

#define DEFAULT_INTERVAL_S 5
#define DEFAULT_EVENTS_S 1
#define RETRIES_MAX 1000

const struct opt copy_args_opts[] = {
	{ .key = 'W',
	  .name = "bandwidth",
	  .arg = "N[MG]",
	  .help = "at most so many MiB (GiB with G) a second, all files\ntogether",
	  .take = bandwidth_arg,
	  .offset = offsetof(struct copy_args, bandwidth) },
	{ .key = OPT_LONG + 10,
	  .name = "threads",
	  .arg = "N",
	  .help = "threads for one file (default: 2, on Lustre 4)",
	  .take = opt_count,
	  .offset = offsetof(struct copy_args, threads),
	  .value = TRANSFER_THREADS_MAX },
	{ .key = 'v',
	  .name = "verbose",
	  .help = "say what was done with each file",
	  .take = opt_flag,
	  .offset = offsetof(struct copy_args, verbose) },
	{ 0 },
};

const struct opt copy_args_retry_opts[] = {
	{ .key = OPT_LONG + 14,
	  .name = "retry",
	  .arg = "N",
	  .help = "try again up to N times what may go well later: the\nfile is in use, a server "
		  "was "
		  "away, an OST is full",
	  .take = opt_count,
	  .offset = offsetof(struct copy_args, retries),
	  .value = RETRIES_MAX },
	{ 0 },
};

const struct opt copy_args_jobs_opts[] = {
	{ .key = 'j',
	  .name = "jobs",
	  .arg = "N",
	  .help = "files at once (default 16)",
	  .take = opt_count,
	  .offset = offsetof(struct copy_args, jobs),
	  .value = POOL_THREADS_MAX },
	{ 0 },
};

const struct opt copy_args_stats_opts[] = {
	{ .key = OPT_LONG + 11,
	  .name = "stats",
	  .help = "print a line of YAML now and then, and at the end",
	  .take = opt_flag,
	  .offset = offsetof(struct copy_args, stats) },
	{ .key = OPT_LONG + 13,
	  .name = "events",
	  .help = "print a line of JSON when a file begins, now and\nthen, and when it ends",
	  .take = opt_flag,
	  .offset = offsetof(struct copy_args, events) },
	{ .key = OPT_LONG + 12,
	  .name = "stats-interval",
	  .arg = "S",
	  .help = "seconds between them (default 5; of events 1)",
	  .take = opt_count,
	  .offset = offsetof(struct copy_args, interval_s),
	  .value = 86400 },
	{ 0 },
};

void copy_args_init(struct copy_args *a)
{
	*a = (struct copy_args){ 0 };
}

struct copy_watch_options copy_args_watch(const struct copy_args *a)
{
	uint32_t interval_s = a->events ? DEFAULT_EVENTS_S : DEFAULT_INTERVAL_S;

	return (struct copy_watch_options){
		.stats = a->stats && !a->events,
		.events = a->events,
		.every_ns = (a->interval_s ? a->interval_s : interval_s) * NS_PER_S,
	};
}

bool copy_args_verbose(const struct copy_args *a)
{
	return a->verbose && !a->events;
}

static void close_files(DIR *descriptors)
{
	const struct dirent *e;
	struct stat st;

	while ((e = readdir(descriptors))) {
		uint64_t fd;

		if (number_parse(e->d_name, 3, INT32_MAX, &fd) || (int)fd == dirfd(descriptors))
			continue;
		if (sys_fstat((int)fd, &st) == 0 && S_ISREG(st.st_mode))
			close((int)fd);
	}
}

void copy_args_prepare_process(void)
{
	DIR *descriptors = opendir("/proc/self/fd");

	if (descriptors) {
		close_files(descriptors);
		closedir(descriptors);
	} else {
		close_range(3, ~0U, 0);
	}
	signal(SIGPIPE, SIG_IGN);
}
