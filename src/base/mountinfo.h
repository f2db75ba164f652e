/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is mounted where: /proc/PID/mountinfo, proc(5). */
#ifndef LOVFS_BASE_MOUNTINFO_H
#define LOVFS_BASE_MOUNTINFO_H

#include "base/attr.h"

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#define MOUNTINFO_OWN "/proc/self/mountinfo"

/* One line of it. */
struct mountinfo {
	dev_t dev;
	char root[PATH_MAX];  /* which directory of the file system is mounted */
	char point[PATH_MAX]; /* where */
	char options[512];    /* of this mount: "rw,nosuid,relatime" */
	char type[64];
	char source[512];
	char super_options[512]; /* of the file system: "rw,user_id=0,allow_other" */
};

/* false: the line isn't one of mountinfo. Texts that are too long are cut. */
bool mountinfo_parse(const char *line, struct mountinfo *ret_m);

/*
 * What is mounted at exactly that path, of that type (NULL: of any), the topmost where mounts lie
 * upon each other, as `file` (one process's mountinfo) has it. -ENOENT: nothing, or there is no such
 * process; others: the file can't be read. Without text.
 */
int MUST_CHECK mountinfo_at(const char *file, const char *point, const char *type,
			    struct mountinfo *ret_m);

/* A mount of the file system with that device number; -ENOENT: none. Otherwise the same. */
int MUST_CHECK mountinfo_of_device(const char *file, dev_t dev, struct mountinfo *ret_m);

/* Whether a list of options such as "rw,nosuid" has that one. */
bool mountinfo_has_option(const char *list, const char *option);

#endif
