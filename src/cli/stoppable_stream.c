/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/stoppable_stream.h"

#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define LOOK_EVERY_MS 50 /* at the flag */

/* Guarded by the lock of its stream. */
struct stoppable {
	const atomic_bool *stop;
	int fd;         /* owned */
	int patient_fd; /* owned: the same pipe or terminal, and never waits; or -1 */
	bool may_wait;  /* not a file */
	int waited_ms;  /* for room, since it was to stop */
};

static bool given_up(const struct stoppable *s)
{
	return s->waited_ms >= STOPPABLE_GRACE_MS;
}

/* -ECANCELED: nobody makes room. */
static int wait_for_room(struct stoppable *s)
{
	while (!given_up(s)) {
		bool stop = atomic_load(s->stop);
		int ready = sys_poll(s->fd, POLLOUT, LOOK_EVERY_MS);

		if (ready)
			return ready < 0 ? ready : 0;
		/* A signal ends the wait early, too: it can't come for ever. */
		s->waited_ms += stop ? LOOK_EVERY_MS : 0;
	}
	return -ECANCELED;
}

/* A pipe with room for anything takes PIPE_BUF bytes at once, unless another program fills it
 * first: then patient_fd says so. */
static ssize_t write_some(struct stoppable *s, const char *buf, size_t len_bytes)
{
	int err = s->may_wait ? wait_for_room(s) : 0;

	if (err)
		return err;
	if (s->may_wait)
		len_bytes = MIN_OF(len_bytes, (size_t)PIPE_BUF);
	return sys_write(s->patient_fd < 0 ? s->fd : s->patient_fd, buf, len_bytes);
}

/* Another program was faster, or a terminal has less room than a character needs. */
static void nap(struct stoppable *s)
{
	const struct timespec ms = { .tv_nsec = 1000000 };

	s->waited_ms += atomic_load(s->stop);
	nanosleep(&ms, NULL);
}

/* For fopencookie(3): a count that is too small is an error. */
static ssize_t write_all(void *cookie, const char *buf, size_t len_bytes)
{
	struct stoppable *s = cookie;
	size_t done = 0;

	while (done < len_bytes) {
		ssize_t n = write_some(s, buf + done, len_bytes - done);

		if (n == -EAGAIN) {
			nap(s);
		} else if (n <= 0) {
			errno = n ? (int)-n : EIO;
			break;
		} else {
			done += (size_t)n;
		}
	}
	return (ssize_t)done;
}

static int close_all(void *cookie)
{
	struct stoppable *s = cookie;
	int err;

	fd_cleanup(&s->patient_fd);
	err = close(s->fd);
	free(s);
	return err;
}

/* The flags of the descriptor that came with us are those of other programs, too. */
static int open_patient(int fd)
{
	char path[FD_PATH_MAX];
	int patient_fd =
		sys_openat(AT_FDCWD, fd_path(fd, path), O_WRONLY | O_NONBLOCK | O_NOCTTY, 0);

	return MAX_OF(patient_fd, -1);
}

FILE *stoppable_stream_new(int fd, const atomic_bool *stop)
{
	const cookie_io_functions_t functions = { .write = write_all, .close = close_all };
	struct stoppable *s = malloc(sizeof(*s));
	struct stat st = { 0 };
	FILE *f;

	if (!s)
		return NULL;
	*s = (struct stoppable){ .stop = stop, .fd = fd, .patient_fd = -1 };
	s->may_wait = sys_fstat(fd, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode);
	f = fopencookie(s, "w", functions);
	if (!f) {
		free(s);
		return NULL;
	}
	if (S_ISFIFO(st.st_mode) || isatty(fd) == 1)
		s->patient_fd = open_patient(fd);
	if (isatty(fd) == 1)
		setvbuf(f, NULL, _IOLBF, BUFSIZ);
	return f;
}

void stoppable_stream_use(const atomic_bool *stop)
{
	FILE *out = stoppable_stream_new(STDOUT_FILENO, stop);
	FILE *err = stoppable_stream_new(STDERR_FILENO, stop);

	if (out) {
		fflush(stdout);
		stdout = out;
	}
	if (err) {
		setvbuf(err, NULL, _IONBF, 0);
		stderr = err;
	}
}
