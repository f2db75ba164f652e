/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/source_map.h"

#include "base/checked.h"
#include "base/error.h"
#include "base/sys.h"

#include <errno.h>

void source_map_init(struct source_map *m, int fd, uint64_t end, size_t align,
		     const atomic_bool *stop)
{
	*m = (struct source_map){ .fd = fd, .end = end, .align = align, .stop = stop };
	extent_map_init(&m->extents);
}

void source_map_release(struct source_map *m)
{
	extent_map_release(&m->extents);
}

/* Behind a file's end is what looks like a hole. */
static int check_length(const struct source_map *m)
{
	struct stat st;
	int err = sys_fstat(m->fd, &st);

	if (err)
		return fail_sys(err, "cannot read its attributes");
	return (uint64_t)st.st_size < m->end ? fail(-EAGAIN, "became shorter during the copy") : 0;
}

static int find(struct source_map *m, uint64_t offset, bool *ret_hole, uint64_t *ret_to)
{
	bool asked;
	int err = extent_map_look(&m->extents, m->fd, offset, m->stop, ret_hole, ret_to, &asked);

	if (err == -ECANCELED)
		return fail(err, "interrupted");
	if (!err && asked && *ret_hole && *ret_to >= m->end)
		err = check_length(m);
	return err;
}

int source_map_look(struct source_map *m, uint64_t offset, uint64_t limit, bool *ret_hole,
		    uint64_t *ret_next)
{
	uint64_t to;
	int err = find(m, offset, ret_hole, &to);

	if (err)
		return err;
	*ret_next = MIN_OF(to, limit);
	if (*ret_next == limit)
		return 0;
	if (*ret_hole) {
		*ret_next = align_down(*ret_next, m->align);
		if (*ret_next > offset)
			return 0;
		*ret_hole = false; /* data begins in this very block */
		*ret_next = offset + 1;
	}
	*ret_next = MIN_OF(limit, align_up(*ret_next, m->align));
	return 0;
}
