/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "io/extent_map.h"

#include "io/holes.h"

#include <stddef.h>

void extent_map_init(struct extent_map *m)
{
	*m = (struct extent_map){ .next = 0 };
	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->ended, NULL);
}

void extent_map_release(struct extent_map *m)
{
	pthread_cond_destroy(&m->ended);
	pthread_mutex_destroy(&m->lock);
}

static const struct extent *known_locked(const struct extent_map *m, int fd, uint64_t pos)
{
	for (unsigned int i = 0; i < EXTENT_MAP_MAX; i++) {
		const struct extent *e = &m->extents[i];

		if (!e->searching && e->fd == fd && e->from <= pos && pos < e->to)
			return e;
	}
	return NULL;
}

/* Whether a search is under way that may find what is at `pos`. */
static bool is_searched_locked(const struct extent_map *m, int fd, uint64_t pos)
{
	for (unsigned int i = 0; i < EXTENT_MAP_MAX; i++) {
		const struct extent *e = &m->extents[i];

		if (e->searching && e->fd == fd && e->from <= pos)
			return true;
	}
	return false;
}

/* A place to note a search in; NULL: searches are under way in all. */
static struct extent *begin_locked(struct extent_map *m, int fd, uint64_t pos)
{
	for (unsigned int i = 0; i < EXTENT_MAP_MAX; i++) {
		struct extent *e = &m->extents[m->next++ % EXTENT_MAP_MAX];

		if (!e->searching) {
			*e = (struct extent){ .fd = fd, .from = pos, .searching = true };
			return e;
		}
	}
	return NULL;
}

static void end_search(struct extent_map *m, struct extent *e, const struct extent *found)
{
	if (!e)
		return;
	pthread_mutex_lock(&m->lock);
	*e = *found;
	pthread_cond_broadcast(&m->ended);
	pthread_mutex_unlock(&m->lock);
}

int extent_map_look(struct extent_map *m, int fd, uint64_t pos, const atomic_bool *stop,
		    bool *ret_hole, uint64_t *ret_end, bool *ret_asked)
{
	struct extent found = { .fd = fd, .from = pos, .to = pos }, *e = NULL;
	const struct extent *known;
	int err = 0;

	pthread_mutex_lock(&m->lock);
	/* Whoever searches is stopped by the same flag. */
	while (!(known = known_locked(m, fd, pos)) && is_searched_locked(m, fd, pos))
		pthread_cond_wait(&m->ended, &m->lock);
	if (known)
		found = *known;
	else
		e = begin_locked(m, fd, pos);
	pthread_mutex_unlock(&m->lock);
	if (!known) {
		err = holes_at(fd, pos, INT64_MAX, stop, &found.hole, &found.to);
		end_search(m, e, &found);
	}
	if (err)
		return err;
	*ret_hole = found.hole;
	*ret_end = found.to;
	if (ret_asked)
		*ret_asked = !known;
	return 0;
}
