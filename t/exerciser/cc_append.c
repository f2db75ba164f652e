/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Several processes append lines to one file: each line arrives once, whole, and those of one
 * process in its order.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exerciser/cc_cmds.h"
#include "exerciser/cc_procs.h"
#include "exerciser/xrand.h"

#define LINES_MAX 20000u
#define FILL_MAX 6000u
#define PROCS_MAX 64u

struct job {
	char path[CC_PATH_MAX];
	uint64_t end_ns;
	atomic_ulong *written; /* per process, shared */
};

/* How many filling bytes line nr of a process has; mostly few. */
static size_t fill_len(unsigned int idx, unsigned long nr)
{
	uint64_t mixed = xrand_mix((uint64_t)idx << 32 | nr);

	return mixed % 16 == 0 ? mixed / 16 % FILL_MAX : mixed / 16 % 60;
}

/* "<process> <number> <filling> <sum>\n"; the filling is one letter. */
static size_t make_line(char *buf, size_t size, unsigned int idx, unsigned long nr)
{
	size_t len = fill_len(idx, nr);
	int head = snprintf(buf, size, "%u %lu ", idx, nr);
	size_t at = (size_t)head;

	memset(buf + at, 'a' + (int)(nr % 26), len);
	at += len;
	return at + (size_t)snprintf(buf + at, size - at, " %zu\n", len);
}

static int append_lines(struct cc_run *run, unsigned int idx, void *cookie)
{
	struct job *job = cookie;
	int fd = open(job->path, O_WRONLY | O_APPEND | O_CLOEXEC);
	char line[FILL_MAX + 100];

	if (fd < 0)
		return cc_run_fail_errno(run, job->path);
	for (unsigned long nr = 0; nr < LINES_MAX && cc_run_now_ns() < job->end_ns; nr++) {
		size_t len = make_line(line, sizeof(line), idx, nr);

		if (write(fd, line, len) != (ssize_t)len)
			return cc_run_fail_errno(run, "append");
		atomic_store(&job->written[idx], nr + 1);
	}
	return 0;
}

/* One line of the file is the next line of the process that it names. */
static int check_line(struct cc_run *run, const char *line, size_t len, unsigned long *next)
{
	char want[FILL_MAX + 100];
	unsigned long nr;
	unsigned int idx;

	if (sscanf(line, "%u %lu ", &idx, &nr) != 2 || idx >= run->opts->threads)
		return cc_run_fail(run, "append: not a line: %.40s", line);
	if (nr != next[idx])
		return cc_run_fail(run, "append: line %lu of process %u where %lu should be", nr,
				   idx, next[idx]);
	if (make_line(want, sizeof(want), idx, nr) != len || memcmp(line, want, len) != 0)
		return cc_run_fail(run, "append: line %lu of process %u is damaged", nr, idx);
	next[idx]++;
	return 0;
}

static int check_lines(struct cc_run *run, struct job *job)
{
	FILE *in = fopen(job->path, "re");
	unsigned long next[PROCS_MAX] = { 0 };
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int rc = 0;

	if (!in)
		return cc_run_fail_errno(run, job->path);
	while (rc == 0 && (len = getline(&line, &size, in)) > 0)
		rc = check_line(run, line, (size_t)len, next);
	free(line);
	fclose(in);
	for (unsigned int i = 0; rc == 0 && i < run->opts->threads; i++) {
		if (next[i] != atomic_load(&job->written[i]))
			rc = cc_run_fail(run, "append: %lu of %lu lines of process %u", next[i],
					 atomic_load(&job->written[i]), i);
	}
	return rc;
}

int cc_append_all(struct cc_run *run)
{
	size_t size = PROCS_MAX * sizeof(atomic_ulong);
	unsigned long total = 0;
	struct job job;
	int fd;

	cc_run_path(run, "append", job.path);
	job.end_ns = cc_run_now_ns() + run->opts->seconds * 1000000000ull;
	job.written = cc_procs_shared(run, size);
	fd = open(job.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		cc_run_fail_errno(run, job.path);
	else
		close(fd);
	if (!atomic_load(&run->failed) &&
	    cc_procs_run(run, run->opts->threads, append_lines, &job) == 0 &&
	    check_lines(run, &job) == 0)
		unlink(job.path);
	for (unsigned int i = 0; job.written && i < run->opts->threads; i++)
		total += atomic_load(&job.written[i]);
	if (job.written)
		cc_procs_unshare(job.written, size);
	return cc_run_verdict(run, "%lu appended lines", total);
}
