/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/count_trees.h"

#include "base/sys.h"

#include <fcntl.h>
#include <fts.h>

/* Told to the watch in portions: each costs a lock. */
#define PORTION_FILES 256

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

static void count_tree(struct sum *s, char *path, bool one_file_system)
{
	char *paths[] = { path, NULL };
	FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | (one_file_system ? FTS_XDEV : 0),
			    NULL);
	const FTSENT *e;

	while (fts && !copy_watch_ending(s->w) && (e = fts_read(fts))) {
		if (e->fts_info == FTS_F && S_ISREG(e->fts_statp->st_mode))
			add(s, e->fts_statp);
	}
	if (fts)
		fts_close(fts);
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
