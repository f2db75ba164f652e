/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume/lock_file.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mountinfo.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES (PATH_MAX + 64)

/* How often a line that can't be believed is read again, and how long between. */
#define READ_TRIES 50
#define TRY_PAUSE_NS (20 * (long)NS_PER_MS)
/* Between two reads of one line: longer than the write of another one takes. */
#define AGAIN_PAUSE_NS (1 * (long)NS_PER_MS)

static void pause_ns(long ns)
{
	nanosleep(&(struct timespec){ .tv_nsec = ns }, NULL);
}

/* ---- what the holder says ---- */

static void say(int fd, const char *state, const char *text)
{
	char line[LINE_MAX_BYTES];
	int len = snprintf(line, sizeof(line), "%ld %s %.*s\n", (long)getpid(), state, PATH_MAX - 1,
			   text);

	if (sys_pwrite_full(fd, line, (size_t)len, 0) || sys_ftruncate(fd, (uint64_t)len))
		log_debug("the lock file doesn't say what this process does");
}

void lock_file_mounted(int fd, const char *mount_path)
{
	say(fd, "mounted", mount_path);
}

void lock_file_ending(int fd, const char *doing)
{
	say(fd, "ending", doing);
}

/* ---- what others read ---- */

/* false: there is no whole line. */
static bool read_line(int fd, char line[LINE_MAX_BYTES])
{
	ssize_t n = sys_pread_full(fd, line, LINE_MAX_BYTES - 1, 0);
	char *end;

	line[n > 0 ? n : 0] = '\0';
	end = strchr(line, '\n');
	if (end)
		*end = '\0';
	return end != NULL;
}

static bool exists(long pid)
{
	return kill((pid_t)pid, 0) == 0 || errno != ESRCH;
}

static bool parse(const char *line, struct lock_holder *ret)
{
	int text_at = 0;

	if (sscanf(line, "%ld %15s%n", &ret->pid, ret->state, &text_at) < 2 || ret->pid <= 0)
		return false;
	text_at += line[text_at] == ' ';
	snprintf(ret->text, sizeof(ret->text), "%.*s", PATH_MAX - 1, line + text_at);
	return true;
}

/* Reads a line that can be believed: see lock_file.h. */
static bool read_holder(int fd, struct lock_holder *ret)
{
	char line[LINE_MAX_BYTES], again[LINE_MAX_BYTES];

	if (!read_line(fd, line))
		return false;
	pause_ns(AGAIN_PAUSE_NS);
	return read_line(fd, again) && strcmp(line, again) == 0 && parse(line, ret) &&
	       exists(ret->pid);
}

/* As that process sees it: it may live among other mounts than we. When in doubt, it is mounted. */
static bool is_mounted(const struct lock_holder *holder)
{
	CLEANUP_FREE struct mountinfo *m = malloc(sizeof(*m));
	char path[64];
	int err;

	snprintf(path, sizeof(path), "/proc/%ld/mountinfo", holder->pid);
	err = m ? mountinfo_at(path, holder->text, "fuse.lovfs", m) : -ENOMEM;
	return err != -ENOENT;
}

/* Why the lock can't be had. */
static int explain(const struct lock_holder *holder, const char *mdt_path)
{
	bool mounted = strcmp(holder->state, "mounted") == 0;

	if (strcmp(holder->state, "starting") == 0)
		return fail(-EBUSY, "%s: the volume is served already, by process %ld", mdt_path,
			    holder->pid);
	if (mounted && is_mounted(holder))
		return fail(-EBUSY, "%s: the volume is served already, by process %ld at %s",
			    mdt_path, holder->pid, holder->text);
	if (mounted)
		return fail(-EINPROGRESS,
			    "%s: process %ld hasn't closed the volume since it was unmounted from "
			    "%s",
			    mdt_path, holder->pid, holder->text);
	return fail(-EINPROGRESS, "%s: process %ld is still closing the volume: %s", mdt_path,
		    holder->pid, holder->text);
}

int lock_file_take(int dirfd, const char *mdt_path, int *ret_fd)
{
	CLEANUP_FD int fd = sys_openat(dirfd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	struct lock_holder holder;

	if (fd < 0)
		return fail_sys(fd, "%s/lock", mdt_path);
	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB); i++) {
		if (errno != EWOULDBLOCK)
			return fail_sys(-errno, "%s/lock", mdt_path);
		if (read_holder(fd, &holder))
			return explain(&holder, mdt_path);
		if (i == READ_TRIES)
			return fail(-EBUSY,
				    "%s: the volume is served already, by a process that doesn't "
				    "say which",
				    mdt_path);
		pause_ns(TRY_PAUSE_NS);
	}
	say(fd, "starting", "");
	*ret_fd = fd_steal(&fd);
	return 0;
}

int lock_file_holder(int fd, struct lock_holder *ret_holder)
{
	if (flock(fd, LOCK_SH | LOCK_NB) == 0) {
		flock(fd, LOCK_UN);
		return -ENOENT;
	}
	return read_holder(fd, ret_holder) ? 0 : -EAGAIN;
}
