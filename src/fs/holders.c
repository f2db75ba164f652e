/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fs/holders.h"

#include "base/error.h"
#include "base/sys.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FDINFO_BYTES_MAX 65536
#define NAMED_MAX 3 /* processes; the rest is "and others" */

/* What /proc/PID/fdinfo/N says of an open file (proc(5); "ino" since Linux 5.14). */
struct open_file {
	uint64_t ino;
	long mnt_id;
	bool writable;
};

struct search {
	struct open_file wanted;
	pid_t self;
	int own_fd; /* the caller's, of this process */
	unsigned int named;
	char text[HOLDERS_TEXT_MAX];
};

static bool line_number(const char *text, const char *name, int base, uint64_t *ret)
{
	const char *at = strstr(text, name);

	if (!at)
		return false;
	*ret = strtoull(at + strlen(name), NULL, base);
	return true;
}

static bool read_fdinfo(int dirfd, const char *name, struct open_file *ret)
{
	CLEANUP_FREE char *text = NULL;
	uint64_t ino, mnt_id, flags;
	size_t len;

	if (sys_read_file(dirfd, name, FDINFO_BYTES_MAX, &text, &len))
		return false;
	if (!line_number(text, "ino:", 10, &ino) || !line_number(text, "mnt_id:", 10, &mnt_id) ||
	    !line_number(text, "flags:", 8, &flags))
		return false;
	*ret = (struct open_file){ .ino = ino,
				   .mnt_id = (long)mnt_id,
				   .writable = ((int)flags & O_ACCMODE) != O_RDONLY };
	return true;
}

/* fn for each name in the directory that begins with a digit, until it says stop. */
static void for_each_number(int dirfd, bool (*fn)(int dirfd, const char *name, void *cookie),
			    void *cookie)
{
	char buf[8192] __attribute__((aligned(8)));
	ssize_t len;

	while ((len = sys_getdents(dirfd, buf, sizeof(buf))) > 0) {
		for (ssize_t at = 0; at < len;) {
			const struct dirent64 *d = (const void *)(buf + at);

			at += d->d_reclen;
			if (isdigit((unsigned char)d->d_name[0]) && !fn(dirfd, d->d_name, cookie))
				return;
		}
	}
}

struct process {
	struct search *search;
	int but_fd; /* isn't looked at */
	bool has, writes;
};

static bool look_at_fd(int dirfd, const char *name, void *cookie)
{
	struct process *p = cookie;
	struct open_file f;

	if (atoi(name) != p->but_fd && read_fdinfo(dirfd, name, &f) &&
	    f.ino == p->search->wanted.ino && f.mnt_id == p->search->wanted.mnt_id) {
		p->has = true;
		p->writes |= f.writable;
	}
	return !p->writes;
}

static void name_process(struct search *s, int proc, const char *pid, bool writes)
{
	CLEANUP_FREE char *comm = NULL;
	char path[64];
	size_t len = 0, used = strlen(s->text);

	snprintf(path, sizeof(path), "%.20s/comm", pid);
	if (sys_read_file(proc, path, 256, &comm, &len) || len == 0)
		return;
	comm[strcspn(comm, "\n")] = '\0';
	snprintf(s->text + used, sizeof(s->text) - used, "%sprocess %.20s (%.20s) has it open%s",
		 used ? ", " : "", pid, comm, writes ? " for writing" : "");
	s->named++;
}

static void add_others(struct search *s)
{
	size_t used = strlen(s->text);

	snprintf(s->text + used, sizeof(s->text) - used, ", and others");
}

/* Of several files at once, one that is named twice. */
static void name_self(struct search *s, bool writes)
{
	size_t used = strlen(s->text);

	snprintf(s->text + used, sizeof(s->text) - used, "%sthis command itself has it open%s",
		 used ? ", " : "", writes ? " for writing" : "");
	s->named++;
}

static bool look_at_process(int proc, const char *pid, void *cookie)
{
	struct search *s = cookie;
	bool self = atoi(pid) == s->self;
	struct process p = { .search = s, .but_fd = self ? s->own_fd : -1 };
	char path[64];
	int dirfd;

	snprintf(path, sizeof(path), "%.20s/fdinfo", pid);
	dirfd = sys_openat(proc, path, O_RDONLY | O_DIRECTORY, 0);
	if (dirfd < 0)
		return true;
	for_each_number(dirfd, look_at_fd, &p);
	fd_cleanup(&dirfd);
	if (!p.has)
		return true;
	if (s->named == NAMED_MAX) {
		add_others(s);
		return false;
	}
	if (self)
		name_self(s, p.writes);
	else
		name_process(s, proc, pid, p.writes);
	return true;
}

const char *holders_text(int fd, char buf[HOLDERS_TEXT_MAX])
{
	struct search s = { .self = getpid(), .own_fd = fd };
	char own[64];
	int proc = sys_openat(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY, 0);

	snprintf(own, sizeof(own), "self/fdinfo/%d", fd);
	if (proc >= 0 && read_fdinfo(proc, own, &s.wanted))
		for_each_number(proc, look_at_process, &s);
	fd_cleanup(&proc);
	snprintf(
		buf, HOLDERS_TEXT_MAX, "%s",
		s.text[0]
			? s.text
			: "no process here that can be seen; another user's, or another machine's");
	return buf;
}
