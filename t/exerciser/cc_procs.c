/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exerciser/cc_procs.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

void *cc_procs_shared(struct cc_run *run, size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED) {
		cc_run_fail_errno(run, "mmap");
		return NULL;
	}
	return mem;
}

void cc_procs_unshare(void *mem, size_t size)
{
	munmap(mem, size);
}

static int wait_one(struct cc_run *run, pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return cc_run_fail_errno(run, "waitpid");
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return cc_run_fail(run, "process %d ended with status %#x", (int)pid, (unsigned int)status);
}

int cc_procs_run(struct cc_run *run, unsigned int nr,
		 int (*body)(struct cc_run *run, unsigned int idx, void *cookie), void *cookie)
{
	pid_t pids[nr];
	int rc = 0;

	fflush(NULL);
	for (unsigned int i = 0; i < nr; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(body(run, i, cookie) ? 1 : 0);
		if (pids[i] < 0)
			rc = cc_run_fail_errno(run, "fork");
	}
	for (unsigned int i = 0; i < nr; i++) {
		if (pids[i] > 0 && wait_one(run, pids[i]))
			rc = -1;
	}
	return rc;
}
