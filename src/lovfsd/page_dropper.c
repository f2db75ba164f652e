/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lovfsd/page_dropper.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Calls that wait at the same time: one that waits for long must not keep others from being done. */
#define THREADS 16

/* A request with the most data that the daemon lets the kernel send. */
#define REQUEST_MAX ((1u << 20) + 65536)

/* ---- in the other process; nothing here logs or fails with text ---- */

static struct {
	int requests, answers, fuse;
	atomic_uint live;     /* threads that may be in a call */
	atomic_bool refusing; /* one of the others refuses requests */
	char request[REQUEST_MAX];
} here;

/* Forgetting and interrupts want no answer. */
static bool wants_answer(uint32_t opcode)
{
	return opcode != FUSE_FORGET && opcode != FUSE_BATCH_FORGET && opcode != FUSE_INTERRUPT &&
	       opcode != FUSE_NOTIFY_REPLY;
}

static void refuse_one(void)
{
	struct fuse_in_header in;
	struct fuse_out_header out = { .len = sizeof(out), .error = -ENOTCONN };
	ssize_t n = read(here.fuse, here.request, sizeof(here.request));

	if (n < (ssize_t)sizeof(in))
		return;
	memcpy(&in, here.request, sizeof(in));
	out.unique = in.unique;
	if (wants_answer(in.opcode) && write(here.fuse, &out, sizeof(out)) < 0)
		errno = 0; /* its caller has gone */
}

/* The daemon is gone. The last thread that comes back from the kernel ends the process. */
static void end(void)
{
	struct pollfd fuse = { .fd = here.fuse, .events = POLLIN };

	if (atomic_fetch_sub(&here.live, 1) == 1)
		_exit(EXIT_SUCCESS);
	while (atomic_exchange(&here.refusing, true))
		pause();
	for (;;) {
		if (poll(&fuse, 1, -1) > 0 && fuse.revents & POLLIN)
			refuse_one();
		else if (fuse.revents)
			pause(); /* no connection any more: whoever waits is let go */
	}
}

static void drop(const struct page_drop_message *m)
{
	struct fuse_notify_inval_inode_out inval = { .ino = m->ino,
						     .off = m->offset,
						     .len = m->len_bytes };
	struct fuse_out_header head = { .len = sizeof(head) + sizeof(inval),
					.error = FUSE_NOTIFY_INVAL_INODE };
	const struct iovec parts[] = {
		{ .iov_base = &head, .iov_len = sizeof(head) },
		{ .iov_base = &inval, .iov_len = sizeof(inval) },
	};

	/* An inode that the kernel doesn't know has no pages. */
	if (writev(here.fuse, parts, ARRAY_SIZE(parts)) < 0)
		errno = 0;
}

static void *serve(void *cookie UNUSED)
{
	struct page_drop_message m;

	for (;;) {
		/* A message comes whole or not at all: it is shorter than PIPE_BUF, and all are as long. */
		ssize_t n = read(here.requests, &m, sizeof(m));

		if (n < 0 && errno == EINTR)
			continue;
		if (n != (ssize_t)sizeof(m))
			break;
		drop(&m);
		if (write(here.answers, &m.id, sizeof(m.id)) < 0)
			errno = 0; /* the daemon is gone: the next read says so */
	}
	end();
	return NULL;
}

/* A connection of its own, so that the daemon's is closed with the daemon. Where there is none to be had,
 * the daemon's. */
static int own_connection(int fuse_fd)
{
	uint32_t of = (uint32_t)fuse_fd;
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return fuse_fd;
	if (ioctl(fd, FUSE_DEV_IOC_CLONE, &of) == 0)
		return fd;
	close(fd);
	return fuse_fd;
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* No descriptor stays that keeps a file, a file system, a pipe or a terminal in use. */
static void keep_only_ours(void)
{
	int keep[] = { here.requests, here.answers, here.fuse };
	unsigned int from = 0;

	qsort(keep, ARRAY_SIZE(keep), sizeof(keep[0]), compare);
	for (size_t i = 0; i < ARRAY_SIZE(keep); i++) {
		if ((unsigned int)keep[i] > from)
			close_range(from, (unsigned int)keep[i] - 1, 0);
		from = (unsigned int)keep[i] + 1;
	}
	close_range(from, ~0u, 0);
	while (open("/dev/null", O_RDWR) >= 0 && fcntl(STDERR_FILENO, F_GETFD) < 0)
		;
}

static _Noreturn void run(int requests_fd, int answers_fd, int fuse_fd)
{
	pthread_t thread;

	here.requests = requests_fd;
	here.answers = answers_fd;
	here.fuse = own_connection(fuse_fd);
	keep_only_ours();
	prctl(PR_SET_NAME, "lovfs-pages");
	/* Its connection keeps the mount waiting for answers: it must not outlive the daemon, not even
	 * stopped. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (chdir("/"))
		errno = 0;
	atomic_init(&here.live, 1);
	for (int i = 1; i < THREADS; i++) {
		atomic_fetch_add(&here.live, 1);
		if (pthread_create(&thread, NULL, serve, NULL)) {
			atomic_fetch_sub(&here.live, 1);
			break;
		}
	}
	serve(NULL);
	_exit(EXIT_FAILURE);
}

/* ---- in the daemon ---- */

int page_dropper_start(struct page_dropper *d, int requests_fd, int answers_fd, int fuse_fd)
{
	pid_t pid = fork();
	int err;

	if (pid < 0)
		return fail_sys(-errno, "start the process that drops pages");
	if (pid == 0)
		run(requests_fd, answers_fd, fuse_fd);
	d->pid = pid;
	d->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (d->pidfd >= 0)
		return 0;
	err = -errno;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return fail_sys(err, "watch the process that drops pages");
}

void page_dropper_reap(struct page_dropper *d)
{
	waitpid(d->pid, NULL, 0);
	close(d->pidfd);
	d->pidfd = -1;
}
