/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/mountinfo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* Blanks and backslashes are written as \040 and the like. */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (s[0] == '\\' && is_octal(s[1]) && is_octal(s[2]) && is_octal(s[3])) {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

bool mountinfo_parse(const char *line, struct mountinfo *ret_m)
{
	struct mountinfo *m = ret_m;
	const char *dash = strstr(line, " - ");
	unsigned int maj, min;

	if (sscanf(line, "%*d %*d %u:%u %4095s %4095s %511s", &maj, &min, m->root, m->point,
		   m->options) != 5)
		return false;
	m->super_options[0] = '\0';
	if (!dash || sscanf(dash, " - %63s %511s %511s", m->type, m->source, m->super_options) < 2)
		return false;
	m->dev = makedev(maj, min);
	unescape(m->root);
	unescape(m->point);
	unescape(m->source);
	return true;
}

/* What a mount is to be like; NULL: any point, any type. */
struct wanted {
	const char *point, *type;
	const dev_t *dev;
};

static bool matches(const struct mountinfo *m, const struct wanted *w)
{
	return (!w->point || strcmp(m->point, w->point) == 0) &&
	       (!w->type || strcmp(m->type, w->type) == 0) && (!w->dev || m->dev == *w->dev);
}

/* Later lines lie upon earlier ones: the last one counts. */
static int find_last(const char *file, const struct wanted *w, struct mountinfo *ret_m)
{
	FILE *mounts = fopen(file, "re");
	CLEANUP_FREE struct mountinfo *m = malloc(sizeof(*m));
	CLEANUP_FREE char *line = NULL;
	size_t cap = 0;
	int err = mounts ? -ENOENT : -errno;

	if (mounts && !m)
		err = -ENOMEM;
	while (mounts && m && getline(&line, &cap, mounts) > 0) {
		if (mountinfo_parse(line, m) && matches(m, w)) {
			*ret_m = *m;
			err = 0;
		}
	}
	if (mounts)
		fclose(mounts);
	return err;
}

int mountinfo_at(const char *file, const char *point, const char *type, struct mountinfo *ret_m)
{
	return find_last(file, &(struct wanted){ .point = point, .type = type }, ret_m);
}

int mountinfo_of_device(const char *file, dev_t dev, struct mountinfo *ret_m)
{
	return find_last(file, &(struct wanted){ .dev = &dev }, ret_m);
}

bool mountinfo_has_option(const char *list, const char *option)
{
	size_t len = strlen(option);

	for (const char *at = list; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, option, len) == 0 && (at[len] == ',' || at[len] == '\0'))
			return true;
	}
	return false;
}
