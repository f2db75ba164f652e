/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The dirty maps that follow a file: a short list, as there is one for each stale mirror. */
#include "file/file_impl.h"

#include "base/error.h"
#include "file/dirty_map.h"

#include <errno.h>
#include <stdlib.h>

struct follower {
	struct follower *next; /* owned */
	struct dirty_map *map; /* owned */
	uint32_t key;          /* the mirror's id, or FILE_WHOLE: no part of the file */
};

void followers_free(struct follower *list)
{
	while (list) {
		struct follower *next = list->next;

		dirty_map_free(list->map);
		free(list);
		list = next;
	}
}

/* The link to the follower with that key, or to the end of the list. */
static struct follower **find(struct file *f, uint32_t key)
{
	struct follower **link = &f->followers;

	while (*link && (*link)->key != key)
		link = &(*link)->next;
	return link;
}

static void take_away(struct follower **link)
{
	struct follower *gone = *link;

	if (!gone)
		return;
	*link = gone->next;
	gone->next = NULL;
	followers_free(gone);
}

int file_commit_follow(struct file *f, uint32_t key, struct dirty_map *map)
{
	struct follower **link = find(f, key);

	if (!map) {
		take_away(link);
		return 0;
	}
	if (!*link) {
		struct follower *made = calloc(1, sizeof(*made));

		if (!made) {
			dirty_map_free(map);
			return fail(-ENOMEM, "no memory for a dirty map");
		}
		made->key = key;
		*link = made;
	}
	if ((*link)->map != map)
		dirty_map_free((*link)->map);
	(*link)->map = map;
	return 0;
}

struct dirty_map *file_follower(struct file *f, uint32_t key)
{
	struct follower *found = *find(f, key);

	return found ? found->map : NULL;
}

/* Whether the copy is out of date once mirror `written` has been written: it isn't that mirror. */
static bool falls_behind(const struct follower *it, uint32_t written)
{
	return it->key == FILE_WHOLE || it->key != written;
}

int followers_mark_locked(struct file *f, uint32_t written, uint64_t start, uint64_t end)
{
	int err = 0;

	for (struct follower *it = f->followers; it && !err; it = it->next) {
		if (falls_behind(it, written))
			err = dirty_map_mark(it->map, start, end);
	}
	return err;
}

int followers_mark_from_locked(struct file *f, uint32_t written, uint64_t start)
{
	int err = 0;

	for (struct follower *it = f->followers; it && !err; it = it->next) {
		if (falls_behind(it, written))
			err = dirty_map_mark_from(it->map, start);
	}
	return err;
}
