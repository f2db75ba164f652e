/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fs/mountpoint.h"

#include "base/error.h"
#include "base/mountinfo.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Lustre gives all of its clients one st_dev, which needn't be what mountinfo says: it is asked. */
static bool may_be(const struct mountinfo *m, dev_t dev)
{
	return m->dev == dev || strcmp(m->type, "lustre") == 0;
}

static int open_top(const struct mountinfo *m, dev_t dev)
{
	CLEANUP_FD int fd = sys_openat(AT_FDCWD, m->point, O_RDONLY | O_DIRECTORY, 0);
	struct stat st;
	int err;

	if (fd < 0)
		return fd;
	err = sys_fstat(fd, &st);
	if (err)
		return err;
	return st.st_dev == dev ? fd_steal(&fd) : -ESTALE;
}

static void file_cleanup(FILE **f)
{
	if (*f)
		fclose(*f);
}

int mountpoint_open(dev_t dev, char *path, size_t size, int *ret_fd)
{
	CLEANUP(file_cleanup) FILE *mounts = fopen(MOUNTINFO_OWN, "re");
	CLEANUP_FREE char *line = NULL;
	CLEANUP_FD int best = -1;
	struct mountinfo m;
	size_t cap = 0;

	if (!mounts)
		return fail_sys(-errno, "cannot read /proc/self/mountinfo");
	while (getline(&line, &cap, mounts) > 0) {
		bool whole;
		int fd;

		if (!mountinfo_parse(line, &m) || !may_be(&m, dev) || strlen(m.point) >= size)
			continue;
		whole = strcmp(m.root, "/") == 0;
		if (!whole && best >= 0)
			continue;
		fd = open_top(&m, dev);
		if (fd < 0)
			continue;
		fd_cleanup(&best);
		best = fd;
		snprintf(path, size, "%s", m.point);
		if (whole)
			break;
	}
	if (best < 0)
		return fail(-ENOENT, "its mount point can't be reached");
	*ret_fd = fd_steal(&best);
	return 0;
}

static bool is_of(const struct mountinfo *m, dev_t dev)
{
	CLEANUP_FD int fd = -1;

	if (m->dev == dev)
		return true;
	if (may_be(m, dev))
		fd = open_top(m, dev);
	return fd >= 0;
}

int mountpoint_source(dev_t dev, char *source, size_t size)
{
	CLEANUP(file_cleanup) FILE *mounts = fopen(MOUNTINFO_OWN, "re");
	CLEANUP_FREE char *line = NULL;
	struct mountinfo m;
	size_t cap = 0;

	if (!mounts)
		return fail_sys(-errno, "cannot read /proc/self/mountinfo");
	while (getline(&line, &cap, mounts) > 0) {
		if (!mountinfo_parse(line, &m) || !is_of(&m, dev) || strlen(m.source) >= size)
			continue;
		snprintf(source, size, "%s", m.source);
		return 0;
	}
	return fail(-ENOENT, "its mount isn't in /proc/self/mountinfo");
}

int mountpoint_for_each(const char *type, int (*fn)(const char *path, void *cookie), void *cookie)
{
	CLEANUP(file_cleanup) FILE *mounts = fopen(MOUNTINFO_OWN, "re");
	CLEANUP_FREE char *line = NULL;
	struct mountinfo m;
	size_t cap = 0;
	int result = 0;

	if (!mounts)
		return fail_sys(-errno, "cannot read /proc/self/mountinfo");
	while (result == 0 && getline(&line, &cap, mounts) > 0) {
		if (mountinfo_parse(line, &m) && strcmp(m.type, type) == 0 &&
		    strcmp(m.root, "/") == 0)
			result = fn(m.point, cookie);
	}
	return result;
}
