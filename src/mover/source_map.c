/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/source_map.h"

#include "base/checked.h"
#include "base/error.h"
#include "base/sys.h"
#include "io/holes.h"

#include <errno.h>

void source_map_init(struct source_map *m, int fd, uint64_t end, size_t align)
{
	*m = (struct source_map){ .fd = fd, .end = end, .align = align };
	pthread_mutex_init(&m->lock, NULL);
}

void source_map_release(struct source_map *m)
{
	pthread_mutex_destroy(&m->lock);
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

static int ask(const struct source_map *m, uint64_t offset, struct source_extent *ret_found)
{
	int err = holes_at(m->fd, offset, m->end, &ret_found->hole, &ret_found->to);

	ret_found->from = offset;
	if (!err && ret_found->hole && ret_found->to == m->end)
		err = check_length(m);
	return err;
}

/* What is at `offset`; asked only where what was found last doesn't say it. */
static int find(struct source_map *m, uint64_t offset, struct source_extent *ret_found)
{
	struct source_extent f;
	int err = 0;

	pthread_mutex_lock(&m->lock);
	f = m->found;
	pthread_mutex_unlock(&m->lock);
	if (offset < f.from || offset >= f.to)
		err = ask(m, offset, &f);
	if (err)
		return err;
	pthread_mutex_lock(&m->lock);
	m->found = f;
	pthread_mutex_unlock(&m->lock);
	*ret_found = f;
	return 0;
}

int source_map_look(struct source_map *m, uint64_t offset, uint64_t limit, bool *ret_hole,
		    uint64_t *ret_next)
{
	struct source_extent found = { 0 };
	int err = find(m, offset, &found);

	if (err)
		return err;
	*ret_hole = found.hole;
	*ret_next = MIN_OF(found.to, limit);
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
