/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "calls_text.h"

#include "double.h"
#include "table.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* ---- /sys and /proc ---- */

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

const char *calls_text_redirect(const char *path, char *buf, size_t size)
{
	static const char *const dirs[] = { "/sys/fs/lustre", "/proc/fs/lustre",
					    "/sys/kernel/debug/lustre" };

	if (!path || !double_mount()->active)
		return path;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		if (!is_below(path, dirs[i]))
			continue;
		snprintf(buf, size, "%s%s",
			 double_mount()->tree ? double_mount()->tree : "/nonexistent", path);
		return buf;
	}
	return path;
}

EXPORT DIR *opendir(const char *path)
{
	char buf[4096];

	(void)double_mount();
	return real.opendir(calls_text_redirect(path, buf, sizeof(buf)));
}

/* What is found has the names that the caller knows. */
static int find(const char *pattern, int flags, int (*on_error)(const char *, int), glob_t *found)
{
	char buf[4096];
	const char *there;
	size_t prefix_len;
	int r;

	(void)double_mount();
	there = calls_text_redirect(pattern, buf, sizeof(buf));
	r = real.glob(there, flags, on_error, found);
	prefix_len = there == pattern ? 0 : strlen(there) - strlen(pattern);
	for (size_t i = 0; r == 0 && prefix_len && i < found->gl_pathc; i++) {
		char *path = found->gl_pathv[i];

		memmove(path, path + prefix_len, strlen(path + prefix_len) + 1);
	}
	return r;
}

EXPORT int glob(const char *pattern, int flags, int (*on_error)(const char *, int), glob_t *found)
{
	return find(pattern, flags, on_error, found);
}

/* The members that are used here are the same. */
EXPORT int glob64(const char *pattern, int flags, int (*on_error)(const char *, int),
		  glob64_t *found)
{
	return find(pattern, flags, on_error, (glob_t *)found);
}

/* ---- fdinfo ---- */

static void copy_with_ino(FILE *from, FILE *to, uint64_t ino)
{
	char line[512];

	while (fgets(line, sizeof(line), from)) {
		if (strncmp(line, "ino:", 4) == 0)
			fprintf(to, "ino:\t%llu\n", (unsigned long long)ino);
		else
			fputs(line, to);
	}
}

/* "self/fdinfo/N" at the end of the path. */
static int number_in(const char *path)
{
	const char *at = strstr(path, "self/fdinfo/");
	int fd = -1, len = 0;

	if (!at || (at != path && strncmp(path, "/proc/", 6) != 0) ||
	    sscanf(at, "self/fdinfo/%d%n", &fd, &len) != 1 || at[len])
		return -1;
	return fd;
}

int calls_text_fdinfo(const char *path)
{
	struct open_file *f = table_get(number_in(path));
	int fd = -1, copy = -1;
	FILE *from = NULL, *to = NULL;
	char real_path[64];
	struct stat st;

	if (!f)
		return -1;
	snprintf(real_path, sizeof(real_path), "/proc/self/fdinfo/%d", number_in(path));
	if (f->replaced && real.fstatat(f->path_fd, "", &st, AT_EMPTY_PATH) == 0)
		from = real.fopen(real_path, "re");
	table_put(f);
	if (!from)
		return -1;
	fd = memfd_create("fdinfo", MFD_CLOEXEC);
	copy = fd >= 0 ? real.fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
	to = copy >= 0 ? fdopen(copy, "w") : NULL;
	if (to) {
		copy_with_ino(from, to, st.st_ino);
		fclose(to);
		real.lseek(fd, 0, SEEK_SET);
	}
	fclose(from);
	return fd;
}

/* ---- mountinfo ---- */

/* Type and source stand behind " - "; what is in front and behind stays. */
static void write_line(FILE *to, const char *line)
{
	const struct the_mount *m = double_mount();
	const char *dash = strstr(line, " - ");
	unsigned int maj, min;
	int rest = 0;

	if (!dash || sscanf(line, "%*d %*d %u:%u", &maj, &min) != 2 ||
	    makedev(maj, min) != m->dev || sscanf(dash, " - %*s %*s %n", &rest) < 0 || !rest) {
		fputs(line, to);
		return;
	}
	fprintf(to, "%.*s - lustre 10.0.0.1@tcp:/%s %s", (int)(dash - line), line, m->fsname,
		dash + rest);
}

static FILE *edited(FILE *from)
{
	int fd = memfd_create("mountinfo", MFD_CLOEXEC);
	FILE *to = fd >= 0 ? fdopen(fd, "w+") : NULL;
	char *line = NULL;
	size_t cap = 0;

	while (to && getline(&line, &cap, from) > 0)
		write_line(to, line);
	free(line);
	fclose(from);
	if (to)
		rewind(to);
	return to;
}

static FILE *open_text(const char *path, const char *mode)
{
	char buf[4096];
	FILE *f;

	if (!double_mount()->active)
		return real.fopen(path, mode);
	f = real.fopen(calls_text_redirect(path, buf, sizeof(buf)), mode);
	return f && strcmp(path, "/proc/self/mountinfo") == 0 ? edited(f) : f;
}

EXPORT FILE *fopen(const char *path, const char *mode)
{
	return open_text(path, mode);
}

EXPORT FILE *fopen64(const char *path, const char *mode)
{
	return open_text(path, mode);
}
