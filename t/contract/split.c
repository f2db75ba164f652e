/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Splits, of a file m with two mirrors in sync (pattern 1). */
#include "cases.h"
#include "contract.h"

#include <unistd.h>

static int victim_later(struct contract *c, int fd)
{
	int victim;

	DONE(c->ops->victim_open(c->fs, c->dir_fd, fd, NULL, &victim));
	return victim;
}

static int new_file(struct contract *c, const char *path)
{
	int fd = sys_openat(AT_FDCWD, path,
			    O_RDWR | O_CREAT | O_EXCL | c->fs->data_flags | c->fs->create_flags,
			    0600);

	CHECK(fd >= 0);
	return fd;
}

void case_split_delete(struct contract *c)
{
	CLEANUP_FD int fd = -1, victim = -1;

	make_mirrored(c, "m", 1);
	fd = open_held(c, "m");
	victim = victim_later(c, fd);
	WANT(SOON(c->ops->split(c->fs, fd, 7, victim, false)), -ENOENT);
	CHECK(mirrors_at(c, "m") == 2);
	DONE(SOON(c->ops->split(c->fs, fd, 2, victim, false)));
	fd_cleanup(&victim);
	CHECK(mirrors_at(c, "m") == 1 && file_has_pattern("m", 1) && has_pattern(fd, 1));
}

void case_split_file(struct contract *c)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	CLEANUP_FD int fd = -1, to = -1;

	make_mirrored(c, "m", 1);
	fd = open_held(c, "m");
	to = new_file(c, "n");
	DONE(SOON(c->ops->split(c->fs, fd, 1, to, false)));
	CHECK(mirrors_at(c, "m") == 1 && file_has_pattern("m", 1) && has_pattern(fd, 1));
	l = layout_at(c, "n");
	CHECK(layout_has_objects(l) && file_has_pattern("n", 1) && has_pattern(to, 1));
	/* They are two files from now on. */
	other_do(&c->writer, WRITE, "n");
	CHECK(file_has_pattern("m", 1) && !file_has_pattern("n", 1));
}

void case_split_last(struct contract *c)
{
	CLEANUP_LAYOUT struct layout *before = NULL, *after = NULL;
	CLEANUP_FD int fd = -1, to = -1;
	uint32_t stale;

	make_mirrored(c, "m", 1);
	other_do(&c->writer, WRITE, "m");
	stale = stale_mirror_at(c, "m");
	CHECK(stale);
	fd = open_held(c, "m");
	to = new_file(c, "n");
	before = layout_at(c, "m");
	WANT(c->ops->split(c->fs, fd, 3 - stale, to, false), -EBUSY);
	after = layout_at(c, "m");
	CHECK(layout_equal(before, after) && has_changed_pattern(fd, 1));
	DONE(SOON(c->ops->split(c->fs, fd, stale, to, false)));
	CHECK(mirrors_at(c, "m") == 1 && has_changed_pattern(fd, 1));
}

/* Where it must have the file for itself, somebody who reads it is in the way. */
void case_split_reader(struct contract *c)
{
	CLEANUP_FD int fd = -1, victim = -1;
	int err;

	make_mirrored(c, "m", 1);
	fd = open_held(c, "m");
	victim = victim_later(c, fd);
	other_do(&c->writer, OPEN_TO_READ, "m");
	err = EITHER(c->ops->split(c->fs, fd, 2, victim, false), 0, -EBUSY);
	CHECK(mirrors_at(c, "m") == (err ? 2 : 1) && file_has_pattern("m", 1));
}
