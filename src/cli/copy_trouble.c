/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/copy_trouble.h"

#include "base/error.h"
#include "fs/fs.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#define HINT_MAX 300

static bool is_of_device(int err)
{
	return err == -EIO || err == -EROFS || err == -ENOSPC || err == -EDQUOT;
}

/* "": it isn't on a file system that knows anything. */
static void hint_of(int fd, int err, char hint[HINT_MAX])
{
	char path[32];
	struct fs *fs;

	*hint = '\0';
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fs_open(path, &fs))
		return;
	if (fs->ops->hint)
		fs->ops->hint(fs, fd, err, hint, HINT_MAX);
	fs_free(fs);
}

int copy_trouble_explain(const struct tree_file *file, int err)
{
	char why[ERROR_TEXT_MAX], hint[HINT_MAX];

	if (!is_of_device(err))
		return err;
	snprintf(why, sizeof(why), "%s", error_text(err));
	/* The copy is new: what is known of it can't be of something earlier. */
	hint_of(file->dst_fd, err, hint);
	if (!*hint)
		hint_of(file->src_fd, err, hint);
	return fail(err, "%.200s%s", why, hint);
}
