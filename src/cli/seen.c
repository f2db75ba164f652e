/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/seen.h"

#include "base/sys.h"
#include "cli/out.h"
#include "cli/progress_line.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define ROOM_FIRST 64

void seen_init(struct seen *s)
{
	*s = (struct seen){ .count = 0 };
	pthread_mutex_init(&s->lock, NULL);
}

void seen_release(struct seen *s)
{
	pthread_mutex_destroy(&s->lock);
	free(s->files);
	*s = (struct seen){ .count = 0 };
}

/* Where it is, or the free place where it belongs. */
static struct seen_file *place(struct seen_file *files, size_t room, dev_t dev, ino_t ino)
{
	uint64_t hash = ((uint64_t)ino ^ (uint64_t)dev << 40) * UINT64_C(0x9e3779b97f4a7c15);
	size_t i = (size_t)(hash >> 32) & (room - 1);

	while (files[i].ino && (files[i].ino != ino || files[i].dev != dev))
		i = (i + 1) & (room - 1);
	return &files[i];
}

/* Half of the places at most are taken. */
static bool grow_locked(struct seen *s)
{
	size_t room = s->room ? 2 * s->room : ROOM_FIRST;
	struct seen_file *files = calloc(room, sizeof(*files));

	if (!files)
		return false;
	for (size_t i = 0; i < s->room; i++) {
		if (s->files[i].ino)
			*place(files, room, s->files[i].dev, s->files[i].ino) = s->files[i];
	}
	free(s->files);
	s->files = files;
	s->room = room;
	return true;
}

static bool note_locked(struct seen *s, const struct stat *st)
{
	struct seen_file *f;

	if (s->count * 2 >= s->room && !grow_locked(s))
		return false;
	f = place(s->files, s->room, st->st_dev, st->st_ino);
	if (f->ino)
		return true;
	if (st->st_nlink == 1 && s->singles >= SEEN_SINGLE_MAX)
		return false;
	s->singles += st->st_nlink == 1;
	s->count++;
	*f = (struct seen_file){ .dev = st->st_dev, .ino = st->st_ino };
	return false;
}

bool seen_before(struct seen *s, const char *path, bool follow_links)
{
	struct stat st;
	bool before;

	if (sys_fstatat(AT_FDCWD, path, &st, follow_links ? 0 : AT_SYMLINK_NOFOLLOW) ||
	    !S_ISREG(st.st_mode) || st.st_ino == 0)
		return false;
	pthread_mutex_lock(&s->lock);
	before = note_locked(s, &st);
	pthread_mutex_unlock(&s->lock);
	return before;
}

void seen_print(const char *path)
{
	CLEANUP_STRBUF struct strbuf b = { 0 };

	progress_line_pause();
	printf("%s: another name of a file that was named before\n", out_name(&b, path));
	progress_line_resume();
}
