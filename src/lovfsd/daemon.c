/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lovfsd/daemon.h"

#include "base/error.h"
#include "base/say.h"
#include "base/sys.h"
#include "base/units.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OOM_SCORE "-500"

/* Waits for the child's word, or its end. */
static int wait_for_child(pid_t child, int fd)
{
	char word;
	ssize_t n;
	int status;

	do {
		n = read(fd, &word, 1);
	} while (n < 0 && errno == EINTR);
	if (n == 1)
		return 0;
	if (waitpid(child, &status, 0) != child)
		return 1;
	if (WIFSIGNALED(status))
		say("lovfs: not mounted: the process that was to serve it ended: %s",
		    strsignal(WTERMSIG(status)));
	if (!WIFEXITED(status) || WEXITSTATUS(status) == 0)
		return 1;
	return WEXITSTATUS(status);
}

int daemon_background(struct daemon *d, int *ret_status)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		return fail_sys(-errno, "pipe");
	child = fork();
	if (child < 0) {
		int err = -errno;

		close(ends[0]);
		close(ends[1]);
		return fail_sys(err, "fork");
	}
	if (child == 0) {
		close(ends[0]);
		setsid();
		d->ready_fd = ends[1];
		return 0;
	}
	close(ends[1]);
	*ret_status = wait_for_child(child, ends[0]);
	close(ends[0]);
	return 1;
}

bool daemon_is_alone(const struct daemon *d)
{
	struct pollfd p = { .fd = d->ready_fd }; /* an error: nobody has the other end */

	return d->ready_fd >= 0 && poll(&p, 1, 0) == 1 && (p.revents & POLLERR);
}

void daemon_ready(struct daemon *d)
{
	int null;

	if (d->ready_fd < 0)
		return;
	null = sys_openat(AT_FDCWD, "/dev/null", O_RDWR, 0);
	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
	/* The parent may have been killed: then nobody waits. */
	if (write(d->ready_fd, "", 1) != 1)
		errno = 0;
	close(d->ready_fd);
	d->ready_fd = -1;
}

/* Inodes and objects in use hold descriptors. Root may go up to what the kernel has for one
 * process. */
static void raise_descriptor_limit(void)
{
	CLEANUP_FREE char *text = NULL;
	struct rlimit limit, wanted;
	uint64_t most;
	size_t len;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	wanted = (struct rlimit){ .rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max };
	if (geteuid() == 0 &&
	    sys_read_file(AT_FDCWD, "/proc/sys/fs/nr_open", 32, &text, &len) == 0) {
		text[strcspn(text, "\n")] = '\0';
		if (number_parse(text, 0, UINT32_MAX, &most) == 0 && most > wanted.rlim_max)
			wanted = (struct rlimit){ .rlim_cur = most, .rlim_max = most };
	}
	if (setrlimit(RLIMIT_NOFILE, &wanted)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* A limit of whoever started us must not end us (SIGXFSZ) at an object that is larger. */
static void raise_file_size_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit))
		return;
	limit.rlim_max = geteuid() == 0 ? RLIM_INFINITY : limit.rlim_max;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
	signal(SIGXFSZ, SIG_IGN);
}

static void lower_oom_score(void)
{
	CLEANUP_FD int fd = sys_openat(AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY, 0);

	/* A container may not let us: then we are as anybody else. */
	if (fd >= 0 && write(fd, OOM_SCORE, strlen(OOM_SCORE)) < 0)
		errno = 0;
}

void daemon_settle(bool background)
{
	raise_descriptor_limit();
	raise_file_size_limit();
	umask(0);
	if (chdir("/"))
		errno = 0; /* then a directory stays in use, no more */
	if (background && geteuid() == 0)
		lower_oom_score();
}
