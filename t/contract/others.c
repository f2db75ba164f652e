/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Other processes: each reads a deed and a path from a pipe, does it, and answers. It ends with the other end. */
#include "contract.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define ORDER_BYTES 64
#define PATIENCE_MS 500
#define SECOND_GID 77

/* ---- in the other process ---- */

static int kept[16], kept_count;

static int keep(int fd)
{
	if (fd < 0)
		return errno;
	kept[kept_count++] = fd;
	return 0;
}

static int close_all(void)
{
	while (kept_count)
		close(kept[--kept_count]);
	return 0;
}

static int write_byte(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = fd < 0 || pwrite(fd, "x", 1, 0) != 1 ? errno : 0;

	return fd >= 0 && close(fd) ? errno : err;
}

static int store_byte(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char *p;

	if (fd < 0)
		return errno;
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return errno;
	p[0] = 'x';
	return keep(fd);
}

static int sync_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = fd < 0 || fsync(fd) ? errno : 0;

	if (fd >= 0)
		close(fd);
	return err;
}

static int lock_group(const char *path)
{
	struct fs *fs;
	int err = fs_open(path, &fs);
	int fd = err ? -1 : open(path, O_RDWR | O_CLOEXEC | fs->data_flags);

	if (err || fd < 0)
		return err ? -err : errno;
	keep(fd);
	return -fs->ops->group_lock(fs, fd, SECOND_GID);
}

static void on_alarm(int sig UNUSED)
{
}

static int lock_briefly(const char *path)
{
	const struct sigaction action = { .sa_handler = on_alarm };
	int err;

	sigaction(SIGALRM, &action, NULL);
	alarm(1);
	err = lock_group(path);
	alarm(0);
	return err;
}

static int obey(enum deed deed, const char *path)
{
	switch (deed) {
	case OPEN_TO_READ:
		return keep(open(path, O_RDONLY | O_CLOEXEC));
	case OPEN_TO_WRITE:
		return keep(open(path, O_WRONLY | O_CLOEXEC));
	case CLOSE:
		return close_all();
	case WRITE:
		return write_byte(path);
	case TRUNCATE:
		return truncate(path, FILE_LEN / 2) ? errno : 0;
	case STORE:
		return store_byte(path);
	case SYNC:
		return sync_file(path);
	case GROUP_LOCK:
		return lock_group(path);
	case GROUP_LOCK_BRIEFLY:
		return lock_briefly(path);
	}
	return EINVAL;
}

_Noreturn static void serve(int from, int to)
{
	char order[ORDER_BYTES];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(from, order, sizeof(order)) == sizeof(order)) {
		int answer = obey((enum deed)order[0], order + 1);

		if (write(to, &answer, sizeof(answer)) != sizeof(answer))
			break;
	}
	_exit(0);
}

/* ---- here ---- */

static struct other start(void)
{
	int there[2], back[2];
	struct other o;

	CHECK(pipe2(there, O_CLOEXEC) == 0 && pipe2(back, O_CLOEXEC) == 0);
	o = (struct other){ .pid = fork(), .to = there[1], .from = back[0] };
	CHECK(o.pid >= 0);
	if (o.pid == 0) {
		close(there[1]);
		close(back[0]);
		serve(there[0], back[1]);
	}
	close(there[0]);
	close(back[1]);
	return o;
}

void others_start(struct contract *c)
{
	c->writer = start();
	c->second = start();
}

void other_begin(struct other *o, enum deed deed, const char *path)
{
	char order[ORDER_BYTES] = { (char)deed };

	CHECK(strlen(path) < sizeof(order) - 1);
	strcpy(order + 1, path);
	CHECK(write(o->to, order, sizeof(order)) == sizeof(order));
}

bool other_is_done(struct other *o)
{
	struct pollfd p = { .fd = o->from, .events = POLLIN };

	return poll(&p, 1, PATIENCE_MS) == 1;
}

int other_wait(struct other *o)
{
	int answer;

	CHECK(read(o->from, &answer, sizeof(answer)) == sizeof(answer));
	return answer;
}

void other_do(struct other *o, enum deed deed, const char *path)
{
	other_begin(o, deed, path);
	errno = other_wait(o);
	CHECK(errno == 0);
}
