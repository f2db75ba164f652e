/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * flock(2), fcntl(2) record locks and open file description locks exclude between processes: a
 * counter in the file, incremented under the lock, loses nothing, and nobody meets another inside.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exerciser/cc_cmds.h"
#include "exerciser/cc_procs.h"
#include "exerciser/xrand.h"

#define SLOTS 4 /* places in the file with a lock of their own; flock has one for all */
#define ROUNDS_MAX 20000u

enum kind { KIND_FLOCK, KIND_FCNTL, KIND_OFD, NR_KINDS };

static const char *const kind_names[] = { "flock", "fcntl", "OFD" };

struct shared {
	atomic_int writers[SLOTS]; /* inside an exclusive lock now */
	atomic_int readers[SLOTS];
	atomic_ulong increments[SLOTS];
};

struct job {
	enum kind kind;
	char path[CC_PATH_MAX];
	uint64_t end_ns;
	struct shared *shared;
};

/* type: F_RDLCK, F_WRLCK or F_UNLCK. 0, or -1 with errno. */
static int lock(int fd, enum kind kind, unsigned int slot, short type, bool wait)
{
	struct flock fl = { .l_type = type, .l_whence = SEEK_SET, .l_start = slot * 8, .l_len = 8 };
	int flock_op = type == F_UNLCK ? LOCK_UN : type == F_RDLCK ? LOCK_SH : LOCK_EX;
	int rc;

	do {
		if (kind == KIND_FLOCK)
			rc = flock(fd, flock_op | (wait ? 0 : LOCK_NB));
		else if (kind == KIND_FCNTL)
			rc = fcntl(fd, wait ? F_SETLKW : F_SETLK, &fl);
		else
			rc = fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &fl);
	} while (rc < 0 && errno == EINTR);
	return rc;
}

static int inside_exclusive(struct cc_run *run, struct job *job, int fd, unsigned int slot)
{
	struct shared *s = job->shared;
	uint64_t count = 0;
	int rc = 0;

	if (atomic_fetch_add(&s->writers[slot], 1) != 0 || atomic_load(&s->readers[slot]) != 0)
		rc = cc_run_fail(run, "%s: two inside an exclusive lock", kind_names[job->kind]);
	if (pread(fd, &count, 8, slot * 8) != 8)
		rc = cc_run_fail_errno(run, "pread");
	count++;
	if (pwrite(fd, &count, 8, slot * 8) != 8)
		rc = cc_run_fail_errno(run, "pwrite");
	atomic_fetch_add(&s->increments[slot], 1);
	atomic_fetch_sub(&s->writers[slot], 1);
	return rc;
}

static int inside_shared(struct cc_run *run, struct job *job, unsigned int slot)
{
	int rc = 0;

	atomic_fetch_add(&job->shared->readers[slot], 1);
	if (atomic_load(&job->shared->writers[slot]) != 0)
		rc = cc_run_fail(run, "%s: a writer inside a shared lock", kind_names[job->kind]);
	atomic_fetch_sub(&job->shared->readers[slot], 1);
	return rc;
}

static int one_round(struct cc_run *run, struct job *job, int fd, struct xrand *rnd)
{
	unsigned int slot = job->kind == KIND_FLOCK ? 0 : (unsigned int)xrand_below(rnd, SLOTS);
	bool shared = xrand_chance(rnd, 25), wait = xrand_chance(rnd, 80);
	int rc;

	if (lock(fd, job->kind, slot, shared ? F_RDLCK : F_WRLCK, wait) < 0) {
		if (!wait && (errno == EAGAIN || errno == EACCES))
			return 0;
		return cc_run_fail_errno(run, kind_names[job->kind]);
	}
	rc = shared ? inside_shared(run, job, slot) : inside_exclusive(run, job, fd, slot);
	if (lock(fd, job->kind, slot, F_UNLCK, true) < 0)
		rc = cc_run_fail_errno(run, "unlock");
	return rc;
}

static int contend(struct cc_run *run, unsigned int idx, void *cookie)
{
	struct job *job = cookie;
	int fd = open(job->path, O_RDWR | O_CLOEXEC);
	struct xrand rnd;

	if (fd < 0)
		return cc_run_fail_errno(run, job->path);
	xrand_init(&rnd, run->opts->seed + idx);
	for (unsigned int i = 0; i < ROUNDS_MAX && cc_run_now_ns() < job->end_ns; i++) {
		if (one_round(run, job, fd, &rnd))
			return -1;
	}
	/* The last lock isn't given back: it must end with the process. */
	if (lock(fd, job->kind, 0, F_WRLCK, true) < 0)
		return cc_run_fail_errno(run, kind_names[job->kind]);
	return 0;
}

static int check_counters(struct cc_run *run, struct job *job, int fd)
{
	for (unsigned int slot = 0; slot < SLOTS; slot++) {
		uint64_t want = atomic_load(&job->shared->increments[slot]), got = 0;

		if (pread(fd, &got, 8, slot * 8) != 8)
			return cc_run_fail_errno(run, "pread");
		if (got != want)
			return cc_run_fail(run, "%s: the counter is %llu after %llu increments",
					   kind_names[job->kind], (unsigned long long)got,
					   (unsigned long long)want);
	}
	if (lock(fd, job->kind, 0, F_WRLCK, false) < 0)
		return cc_run_fail(run, "%s: a lock outlived its process", kind_names[job->kind]);
	return 0;
}

/* F_GETLK in one process names the process that holds the lock. */
static int ask_holder(struct cc_run *run, unsigned int idx, void *cookie)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1 };
	struct job *job = cookie;
	int fd = open(job->path, O_RDWR | O_CLOEXEC);

	(void)idx;
	if (fd < 0 || fcntl(fd, F_GETLK, &fl) < 0)
		return cc_run_fail_errno(run, "F_GETLK");
	if (fl.l_type != F_WRLCK || fl.l_pid != getppid())
		return cc_run_fail(run, "F_GETLK: type %d, pid %d instead of %d", fl.l_type,
				   (int)fl.l_pid, (int)getppid());
	return 0;
}

static int run_kind(struct cc_run *run, struct job *job)
{
	const uint64_t zeros[SLOTS] = { 0 };
	int fd = open(job->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int rc = -1;

	if (fd < 0)
		return cc_run_fail_errno(run, job->path);
	if (pwrite(fd, zeros, sizeof(zeros), 0) != sizeof(zeros))
		cc_run_fail_errno(run, "pwrite");
	else if (cc_procs_run(run, run->opts->threads, contend, job) == 0)
		rc = check_counters(run, job, fd);
	if (rc == 0 && job->kind == KIND_FCNTL)
		rc = cc_procs_run(run, 1, ask_holder, job);
	close(fd);
	return rc;
}

int cc_locks_exclude(struct cc_run *run)
{
	struct job job = { .shared = NULL };
	unsigned long total = 0;
	int rc = 0;

	cc_run_path(run, "locks", job.path);
	for (unsigned int kind = 0; rc == 0 && kind < NR_KINDS; kind++) {
		job.kind = (enum kind)kind;
		job.end_ns = cc_run_now_ns() + run->opts->seconds * 1000000000ull / NR_KINDS;
		job.shared = cc_procs_shared(run, sizeof(*job.shared));
		if (!job.shared)
			break;
		rc = run_kind(run, &job);
		for (int slot = 0; slot < SLOTS; slot++)
			total += atomic_load(&job.shared->increments[slot]);
		cc_procs_unshare(job.shared, sizeof(*job.shared));
	}
	unlink(job.path);
	return cc_run_verdict(run, "%lu exclusive locks", total);
}
