/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/look_ahead.h"

#include "base/sys.h"
#include "cli/path_list.h"
#include "cli/seen.h"

#include <fcntl.h>
#include <string.h>

static bool can_read_twice(const char *names_path)
{
	struct stat st;

	return !names_path ||
	       (strcmp(names_path, "-") != 0 && sys_fstatat(AT_FDCWD, names_path, &st, 0) == 0 &&
		S_ISREG(st.st_mode));
}

/* Each file once, as whoever works on them does. */
static void expect(struct copy_watch *w, struct seen *seen, const char *path)
{
	struct stat st;
	bool sized;

	if (seen_before(seen, path, false))
		return;
	sized = sys_fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);

	copy_watch_expect(w, 1, sized ? (uint64_t)st.st_size : 0);
}

void look_ahead_run(struct copy_watch *w, void *cookie)
{
	const struct look_ahead *a = cookie;
	CLEANUP(path_list_close) struct path_list paths = { 0 };
	bool complete = can_read_twice(a->names_path);
	CLEANUP(seen_release) struct seen seen;
	const char *path;
	int more;

	seen_init(&seen);

	/* What can't be read is said by whoever works on it. */
	if (path_list_open(&paths, a->operands, complete ? a->names_path : NULL, a->nul))
		return;
	while ((more = path_list_next(&paths, &path)) > 0 && !copy_watch_ending(w))
		expect(w, &seen, path);
	if (more == 0 && complete)
		copy_watch_expect_no_more(w);
}
