/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "commit/mirror_guard.h"

#include "base/error.h"
#include "file/file.h"
#include "layout/mirror.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void mirror_guard_look(struct file *f, const struct layout *l, uint32_t without,
		       struct readable_mirrors *ret_readable)
{
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	unsigned int count = mirror_ids(l, ids);

	memset(ret_readable, 0, sizeof(*ret_readable));
	for (unsigned int i = 0; i < count; i++) {
		int err;

		if (ids[i] == without || !mirror_usable(l, ids[i]))
			continue;
		err = file_check_readable(f, ids[i]);
		if (!err)
			ret_readable->ids[ret_readable->count++] = ids[i];
		else
			snprintf(ret_readable->why, sizeof(ret_readable->why), "%s",
				 error_text(err));
	}
}

int mirror_guard_check(const struct readable_mirrors *readable, const struct layout *then)
{
	for (unsigned int i = 0; i < readable->count; i++) {
		if (mirror_usable(then, readable->ids[i]))
			return 0;
	}
	return fail(-EBUSY, "no other mirror that is in sync can be read%s%.400s",
		    *readable->why ? ": " : "", readable->why);
}

int mirror_guard_commit(struct file *f, const struct layout *then)
{
	struct readable_mirrors readable;

	mirror_guard_look(f, then, 0, &readable);
	return mirror_guard_check(&readable, then);
}
