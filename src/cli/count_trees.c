/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/count_trees.h"

#include "base/sys.h"

#include <fcntl.h>
#include <ftw.h>

/* Told to the watch in portions: each costs a lock. */
#define PORTION_FILES 256
/* Deeper trees are counted with these, too, and slower. */
#define DESCRIPTORS 16

struct sum {
	struct copy_watch *w;
	uint64_t files, bytes;
};

static void tell(struct sum *s)
{
	copy_watch_expect(s->w, s->files, s->bytes);
	s->files = s->bytes = 0;
}

static void add(struct sum *s, const struct stat *st)
{
	s->files++;
	s->bytes += (uint64_t)st->st_size;
	if (s->files == PORTION_FILES)
		tell(s);
}

/* nftw(3) carries no cookie; unlike fts(3) it doesn't read a directory to its end before it says anything of it. */
static _Thread_local struct sum *counting;

static int count_one(const char *path UNUSED, const struct stat *st, int type,
		     struct FTW *where UNUSED)
{
	if (type == FTW_F && S_ISREG(st->st_mode))
		add(counting, st);
	return copy_watch_ending(counting->w);
}

static void count_tree(struct sum *s, const char *path, bool one_file_system)
{
	counting = s;
	(void)!nftw(path, count_one, DESCRIPTORS, FTW_PHYS | (one_file_system ? FTW_MOUNT : 0));
	counting = NULL;
}

void count_trees_run(struct copy_watch *w, void *cookie)
{
	const struct count_trees *c = cookie;
	struct sum s = { .w = w };
	struct stat st;

	for (unsigned int i = 0; i < c->count && !copy_watch_ending(w); i++) {
		if (c->recursive)
			count_tree(&s, c->operands[i], c->one_file_system);
		else if (!sys_fstatat(AT_FDCWD, c->operands[i], &st, 0) && S_ISREG(st.st_mode))
			add(&s, &st);
	}
	tell(&s);
	if (!copy_watch_ending(w))
		copy_watch_expect_no_more(w);
}
