/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "calls_text.h"

#include "double.h"

#include <dirent.h>
#include <errno.h>
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

/* The two structs are alike. What is found is below the tree, and can be opened there. */
_Static_assert(sizeof(glob_t) == sizeof(glob64_t), "one glob_t");

EXPORT int glob(const char *pattern, int flags, int (*failed)(const char *, int), glob_t *found)
{
	char buf[4096];

	(void)double_mount();
	return real.glob(calls_text_redirect(pattern, buf, sizeof(buf)), flags, failed, found);
}

EXPORT int glob64(const char *pattern, int flags, int (*failed)(const char *, int), glob64_t *found)
{
	return glob(pattern, flags, failed, (glob_t *)found);
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
