/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "locked.h"

static bool is_same_file(const struct open_file *a, const struct open_file *b)
{
	return a->fid.seq == b->fid.seq && a->fid.oid == b->fid.oid && a->fid.ver == b->fid.ver;
}

static int has_locked(struct open_file *f, void *cookie)
{
	const struct open_file *other = cookie;

	return f->gid && is_same_file(f, other);
}

bool locked_here(struct open_file *f)
{
	return table_each(has_locked, f) != 0;
}

void locked_check_io(struct open_file *f)
{
	if (!f->gid && locked_here(f))
		double_forbid("I/O by a second descriptor under the group lock");
}
