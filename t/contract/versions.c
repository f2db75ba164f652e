/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data versions, and what caches have. */
#include "cases.h"
#include "contract.h"

#include <unistd.h>

void case_version(struct contract *c)
{
	CLEANUP_FD int fd = -1, other = -1;
	uint64_t v;

	make_file(c, "f", LAYOUT("c2"), 1);
	fd = open_rw(c, "f");
	other = open_rw(c, "f");
	v = version_of(c, fd, false);
	CHECK(has_pattern(other, 1) && version_of(c, fd, false) == v);
	CHECK(version_of(c, other, false) == v);
	write_pattern(other, 2);
	CHECK(version_of(c, fd, false) != v);
	v = version_of(c, fd, false);
	CHECK(sys_ftruncate(other, FILE_LEN + 1) == 0 && version_of(c, fd, false) != v);
	v = version_of(c, fd, false);
	other_do(&c->writer, WRITE, "f");
	CHECK(version_of(c, fd, false) != v);
	v = version_of(c, fd, false);
	other_do(&c->writer, TRUNCATE, "f");
	CHECK(version_of(c, fd, false) != v &&
	      version_of(c, other, false) == version_of(c, fd, false));
}

/* Stored into a mapping, which nobody has written out. */
void case_version_dirty(struct contract *c)
{
	CLEANUP_FD int fd = -1;
	uint64_t v;

	make_file(c, "f", LAYOUT("c2"), 1);
	fd = open_rw(c, "f");
	v = version_of(c, fd, false);
	other_do(&c->writer, STORE, "f");
	CHECK(version_of(c, fd, false) != v && has_changed_pattern(fd, 1));
}

/* Then it may be that what is dirty only counts when it's written out. */
void case_version_source(struct contract *c)
{
	CLEANUP_FD int fd = -1;
	uint64_t v;

	make_file(c, "f", LAYOUT("c2"), 1);
	fd = open_held(c, "f");
	v = version_of(c, fd, false);
	CHECK(has_pattern(fd, 1) && version_of(c, fd, false) == v);
	other_do(&c->writer, STORE, "f");
	other_do(&c->writer, SYNC, "f");
	CHECK(version_of(c, fd, false) != v && has_changed_pattern(fd, 1));
	v = version_of(c, fd, false);
	other_do(&c->writer, TRUNCATE, "f");
	CHECK(version_of(c, fd, false) != v);
}

void case_drop_cache(struct contract *c)
{
	CLEANUP_FD int fd = -1;

	make_file(c, "f", LAYOUT("c2"), 1);
	fd = open_rw(c, "f");
	write_pattern(fd, 2);
	DONE(c->ops->drop_cache(c->fs, fd));
	CHECK(has_pattern(fd, 2) && file_has_pattern("f", 2));
}
